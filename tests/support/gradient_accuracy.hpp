#pragma once
/// How far sums of shards' gradients are from the sum in double precision: for the test of accuracy and for its curve.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/data/shards.hpp"
#include "cauchy/model/network.hpp"
#include "cauchy/reduction/blocks.hpp"
#include "cauchy/reduction/grid.hpp"

namespace cauchy::test {

/// Root-mean-square error of a mean gradient, relative to the root mean square of the gradient.
struct GradientError {
  double whole = 0;         ///< over all elements
  double median_block = 0;  ///< over the elements of each block, relative to that block: the median of the blocks
  double worst_block = 0;
};

struct GradientErrors {
  GradientError summed_in_float;
  GradientError int32;
  GradientError int64;
};

/// Gradients of shards of real data by a real network, in float.
class ShardGradients {
 public:
  /// 256 samples a microbatch.
  static constexpr std::uint64_t microbatch = 256;

  /// `samples`: features and classes; they are used again from the start when they are used up.
  ShardGradients(const model::Network<float>& network, std::span<const float> theta,
                 const data::Samples<float>& samples)
      : network_(network), theta_(theta), samples_(samples), workspace_(network.workspace(microbatch)) {
    features_.resize(microbatch * samples.inputs);
    targets_.resize(microbatch);
    gradient_.resize(network.layout().padded_size());
  }

  /// Σ over samples [rows.first, rows.last).
  std::span<const float> of(data::Range rows) {
    linear_algebra::Write write = linear_algebra::Write::overwrite;
    for (std::uint64_t first = rows.first; first < rows.last; first += microbatch) {
      const std::uint64_t count = std::min(microbatch, rows.last - first);
      for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t row = (first + i) % samples_.rows.size();
        std::copy_n(samples_.features.data() + row * samples_.inputs, samples_.inputs,
                    features_.data() + i * samples_.inputs);
        targets_[i] = samples_.targets[row];
      }
      network_.value_and_gradient(theta_, {{features_.data(), count, samples_.inputs}, {{targets_.data(), count, 1}}},
                                  {gradient_, write}, workspace_);
      write = linear_algebra::Write::add;
    }
    return gradient_;
  }

  const model::ParameterLayout& layout() const { return network_.layout(); }

 private:
  const model::Network<float>& network_;
  std::span<const float> theta_;
  const data::Samples<float>& samples_;
  model::Workspace<float> workspace_;
  linear_algebra::AlignedVector<float> features_;
  linear_algebra::AlignedVector<float> targets_;
  linear_algebra::AlignedVector<float> gradient_;
};

/// Adds vectors in a balanced tree, as an allreduce over as many ranks does: the most exact of the usual orders.
class TreeSum {
 public:
  void add(std::span<const float> values) {
    Part part{1, {values.begin(), values.end()}};
    while (!parts_.empty() && parts_.back().count == part.count) {
      part = merged(parts_.back(), part);
      parts_.pop_back();
    }
    parts_.push_back(std::move(part));
  }

  std::vector<float> total() {
    while (parts_.size() > 1) {
      const Part last = std::move(parts_.back());
      parts_.pop_back();
      parts_.back() = merged(parts_.back(), last);
    }
    return parts_.front().values;
  }

 private:
  struct Part {
    std::uint64_t count = 0;
    std::vector<float> values;
  };

  static Part merged(const Part& a, const Part& b) {
    Part sum{a.count + b.count, a.values};
    for (std::size_t i = 0; i < sum.values.size(); ++i) {
      sum.values[i] += b.values[i];
    }
    return sum;
  }

  std::vector<Part> parts_;
};

/// The sum in integers, with units as they are after many steps like this one.
template <typename Integer>
class IntegerSum {
 public:
  using Grid = reduction::Grid<float, Integer>;

  IntegerSum(const reduction::Blocks& blocks, std::span<const reduction::Pattern<float>> largest, std::uint64_t shards,
             std::size_t elements)
      : blocks_(blocks), grid_(shards), sum_(elements, 0) {
    for (const auto pattern : largest) {
      exponents_.push_back(grid_.exponent_for(pattern));
    }
  }

  void add(std::span<const float> gradient) {
    for (std::size_t block = 0; block < blocks_.count(); ++block) {
      const auto [offset, size] = blocks_[block];
      grid_.round(gradient.subspan(offset, size), exponents_[block], std::span(sum_).subspan(offset, size), false);
    }
  }

  std::vector<float> mean(std::uint64_t samples) const {
    std::vector<float> result(sum_.size(), 0.0F);
    for (std::size_t block = 0; block < blocks_.count(); ++block) {
      const auto [offset, size] = blocks_[block];
      reduction::mean_of_sum<float, Integer>(std::span(sum_).subspan(offset, size), exponents_[block],
                                             static_cast<double>(samples), std::span(result).subspan(offset, size));
    }
    return result;
  }

 private:
  const reduction::Blocks& blocks_;
  Grid grid_;
  std::vector<int> exponents_;
  std::vector<Integer> sum_;
};

inline GradientError error_of(const std::vector<float>& mean, const std::vector<double>& exact,
                              const reduction::Blocks& blocks) {
  double all_errors = 0;
  double all_squares = 0;
  std::vector<double> relative;
  for (std::size_t block = 0; block < blocks.count(); ++block) {
    double errors = 0;
    double squares = 0;
    for (std::size_t i = blocks[block].offset; i < blocks[block].offset + blocks[block].size; ++i) {
      const double error = static_cast<double>(mean[i]) - exact[i];
      errors += error * error;
      squares += exact[i] * exact[i];
    }
    all_errors += errors;
    all_squares += squares;
    if (squares > 0) {
      relative.push_back(std::sqrt(errors / squares));
    }
  }
  std::ranges::sort(relative);
  return {std::sqrt(all_errors / all_squares), relative[relative.size() / 2], relative.back()};
}

/// Errors of the mean gradient of `samples` samples in `shards` shards.
inline GradientErrors gradient_errors(ShardGradients& gradients, std::uint64_t samples, std::uint64_t shards) {
  std::vector<reduction::Extent> extents;
  for (const model::Tensor& tensor : gradients.layout().tensors()) {
    extents.push_back({tensor.offset, tensor.size});
  }
  const reduction::Blocks blocks(extents);
  const std::size_t elements = gradients.layout().padded_size();

  std::vector<reduction::Pattern<float>> largest(blocks.count(), 0);
  for (std::uint64_t shard = 0; shard < shards; ++shard) {
    const auto gradient = gradients.of(data::shard_rows(samples, shards, shard));
    for (std::size_t block = 0; block < blocks.count(); ++block) {
      const auto values = gradient.subspan(blocks[block].offset, blocks[block].size);
      largest[block] = std::max(largest[block], reduction::largest_of(values));
    }
  }

  std::vector<double> exact(elements, 0);
  TreeSum tree;
  IntegerSum<std::int32_t> narrow(blocks, largest, shards, elements);
  IntegerSum<std::int64_t> wide(blocks, largest, shards, elements);
  for (std::uint64_t shard = 0; shard < shards; ++shard) {
    const auto gradient = gradients.of(data::shard_rows(samples, shards, shard));
    for (std::size_t i = 0; i < elements; ++i) {
      exact[i] += static_cast<double>(gradient[i]);
    }
    tree.add(gradient);
    narrow.add(gradient);
    wide.add(gradient);
  }
  for (double& value : exact) {
    value /= static_cast<double>(samples);
  }
  std::vector<float> in_float = tree.total();
  for (float& value : in_float) {
    value /= static_cast<float>(samples);
  }
  return {error_of(in_float, exact, blocks), error_of(narrow.mean(samples), exact, blocks),
          error_of(wide.mean(samples), exact, blocks)};
}

}  // namespace cauchy::test

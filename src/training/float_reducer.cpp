// The classic reduction: a floating-point allreduce.

#include <algorithm>
#include <deque>
#include <limits>
#include <vector>

#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/reduction/blocks.hpp"
#include "cauchy/training/reducer.hpp"
#include "layout_blocks.hpp"
#include "maxima.hpp"
#include "thread_sink.hpp"

namespace cauchy::training {
namespace {

template <typename Real>
class FloatReducer final : public Reducer<Real> {
 public:
  FloatReducer(const model::ParameterLayout& layout, communication::Channel& channel, std::uint64_t summands,
               std::size_t threads)
      : layout_(layout),
        channel_(channel),
        blocks_(blocks_of(layout)),
        sums_(threads, {linear_algebra::AlignedVector<Real>(layout.padded_size(), Real{0}),
                        std::vector<bool>(layout.tensors().size())}),
        // No sum of finite gradients below this can overflow.
        maxima_(layout.tensors().size(), layout.tensors().size(), threads,
                reduction::pattern_of(std::numeric_limits<Real>::max() / static_cast<Real>(summands))) {
    for (std::size_t thread = 0; thread < threads; ++thread) {
      sinks_.emplace_back(*this, thread);
    }
  }

  void begin(std::uint64_t /*shards*/) override {
    for (OfThread& thread : sums_) {
      std::fill(thread.delivered.begin(), thread.delivered.end(), false);
    }
    maxima_.begin();
  }

  model::GradientSink<Real>& sink(std::size_t thread, std::uint64_t shard) override {
    sinks_[thread].set_shard(shard);
    return sinks_[thread];
  }

  void deliver(std::size_t thread, std::uint64_t shard, const model::Tensor& tensor, std::span<const Real> gradient) {
    reduction::Pattern<Real> largest = 0;
    for (std::size_t first = 0; first < gradient.size(); first += piece_elements) {
      const auto values = gradient.subspan(first, std::min(piece_elements, gradient.size() - first));
      largest = std::max(largest, reduction::largest_of(values));
      add(values, sums_[thread], tensor, first);
    }
    sums_[thread].delivered[tensor.index] = true;
    maxima_.note(thread, shard, tensor.index, tensor.index, largest);
  }

  Verdict examine() override {
    maxima_.reduce(channel_);
    return maxima_.have_fault() ? Verdict::not_finite : Verdict::accepted;
  }

  Fault fault() override { return maxima_.fault(channel_); }

  void finish() override {
    OfThread& total = sums_.front();
    for (const model::Tensor& tensor : layout_.tensors()) {
      for (std::size_t thread = 1; thread < sums_.size(); ++thread) {
        if (sums_[thread].delivered[tensor.index]) {
          add(std::span<const Real>(sums_[thread].values).subspan(tensor.offset, tensor.size), total, tensor, 0);
          total.delivered[tensor.index] = true;
        }
      }
      if (!total.delivered[tensor.index]) {
        std::ranges::fill(std::span(total.values).subspan(tensor.offset, tensor.size), Real{0});
      }
    }
    channel_.sum(std::span(total.values));
  }

  const reduction::Blocks& blocks() const override { return blocks_; }

  void mean(std::size_t block, double divisor, std::span<Real> values) const override {
    const std::span<const Real> sums = std::span(sums_.front().values).subspan(blocks_[block].offset);
    const auto samples = static_cast<Real>(divisor);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = sums[i] / samples;
    }
  }

  void exchange(std::span<Real> values, std::span<const std::size_t> bounds) override {
    channel_.exchange(values, bounds);
  }

  const reduction::Units& units() const override { return units_; }

 private:
  /// Elements that stay in the cache between two passes over them.
  static constexpr std::size_t piece_elements = reduction::Blocks::block_elements;

  struct OfThread {
    linear_algebra::AlignedVector<Real> values;
    std::vector<bool> delivered;  ///< by tensor: values hold something of this step
  };

  /// Adds a piece of a tensor's gradient, which starts at element `first` of the tensor.
  static void add(std::span<const Real> piece, OfThread& sum, const model::Tensor& tensor, std::size_t first) {
    const auto values = std::span(sum.values).subspan(tensor.offset + first, piece.size());
    if (sum.delivered[tensor.index]) {
      for (std::size_t i = 0; i < piece.size(); ++i) {
        values[i] += piece[i];
      }
    } else {
      std::ranges::copy(piece, values.begin());
    }
  }

  const model::ParameterLayout& layout_;
  communication::Channel& channel_;
  reduction::Blocks blocks_;
  std::vector<OfThread> sums_;
  Maxima<Real> maxima_;
  std::deque<ThreadSink<Real, FloatReducer>> sinks_;
  reduction::Units units_;  ///< none
};

}  // namespace

template <typename Real>
std::unique_ptr<Reducer<Real>> make_float_reducer(const model::ParameterLayout& layout, communication::Channel& channel,
                                                  std::uint64_t summands, std::size_t threads) {
  return std::make_unique<FloatReducer<Real>>(layout, channel, summands, threads);
}

template std::unique_ptr<Reducer<float>> make_float_reducer(const model::ParameterLayout&, communication::Channel&,
                                                            std::uint64_t, std::size_t);
template std::unique_ptr<Reducer<double>> make_float_reducer(const model::ParameterLayout&, communication::Channel&,
                                                             std::uint64_t, std::size_t);

}  // namespace cauchy::training

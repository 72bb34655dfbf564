// What the data tell about the parameters of a generalized linear model.

#include "cauchy/training/information.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/data/targets.hpp"

namespace cauchy::training {
namespace {

using linear_algebra::MatrixView;

// Rows that pass through the model at once. Sums do not depend on it, since they are made row by row.
constexpr std::uint64_t pass_rows = 256;

/// The sums of some samples.
class Sums {
 public:
  Sums(const model::Network<double>& network, std::span<const double> theta)
      : network_(network),
        parameters_(theta),
        workspace_(network.workspace(pass_rows)),
        outputs_(network.likelihood().outputs()),
        left_out_(network.likelihood().relative_outputs() ? 1 : 0),
        intercept_(network.layout().tensors().size() > 1 ? 1 : 0),
        block_(network.inputs() + intercept_) {
    clear();
  }

  void clear() {
    sums_ = {};
    sums_.squares.assign(outputs_, 0.0);
    sums_.gradient.assign(count(), 0.0);
    sums_.matrix.assign(count() * count(), 0.0);
  }

  const Information& sums() const { return sums_; }

  void add(const model::Batch<double>& batch) {
    const std::size_t rows = batch.samples();
    const MatrixView<double> outputs = network_.forward(parameters_, batch.features, workspace_);
    curvatures_.resize(rows * outputs_ * outputs_);
    const MatrixView<double> curvatures{curvatures_.data(), rows, outputs_ * outputs_};
    network_.likelihood().curvature(outputs, batch.observed, curvatures);
    sums_.nll += network_.likelihood().nll_and_derivative(outputs, batch.observed, outputs);
    for (std::size_t row = 0; row < rows; ++row) {
      const double weight = batch.observed.weight(row);
      sums_.weight += weight;
      for (std::size_t k = 0; k < outputs_; ++k) {
        sums_.squares[k] += weight > 0 ? outputs(row, k) * outputs(row, k) / weight : 0;
      }
      batch.features.are_sparse() ? add_sparse(batch.features.sparse.row(row), outputs.row(row), curvatures.row(row))
                                  : add_dense(batch.features.dense.row(row), outputs.row(row), curvatures.row(row));
    }
  }

 private:
  std::size_t count() const { return (outputs_ - left_out_) * block_; }
  double* matrix_row(std::size_t k, std::size_t j) {
    return sums_.matrix.data() + ((k - left_out_) * block_ + j) * count();
  }

  void add_dense(const double* features, const double* derivative, const double* curvature) {
    extended_.assign(block_, 1.0);
    std::copy_n(features, block_ - intercept_, extended_.begin() + static_cast<std::ptrdiff_t>(intercept_));
    for (std::size_t k = left_out_; k < outputs_; ++k) {
      double* const gradient = sums_.gradient.data() + (k - left_out_) * block_;
      for (std::size_t j = 0; j < block_; ++j) {
        gradient[j] += derivative[k] * extended_[j];
      }
      for (std::size_t l = left_out_; l <= k; ++l) {
        const double second = curvature[k * outputs_ + l];
        for (std::size_t j = 0; j < block_ && second != 0; ++j) {
          double* const target = matrix_row(k, j) + (l - left_out_) * block_;
          const double factor = second * extended_[j];
          const std::size_t end = l == k ? j + 1 : block_;
          for (std::size_t i = 0; i < end; ++i) {
            target[i] += factor * extended_[i];
          }
        }
      }
    }
  }

  void add_sparse(const linear_algebra::SparseRow<double>& row, const double* derivative, const double* curvature) {
    places_.clear();
    extended_.clear();
    if (intercept_ == 1) {
      places_.push_back(0);
      extended_.push_back(1);
    }
    for (std::size_t i = 0; i < row.columns.size(); ++i) {
      places_.push_back(intercept_ + row.columns[i]);
      extended_.push_back(row.values[i]);
    }
    for (std::size_t k = left_out_; k < outputs_; ++k) {
      for (std::size_t j = 0; j < places_.size(); ++j) {
        sums_.gradient[(k - left_out_) * block_ + places_[j]] += derivative[k] * extended_[j];
      }
      for (std::size_t l = left_out_; l <= k; ++l) {
        const double second = curvature[k * outputs_ + l];
        for (std::size_t j = 0; j < places_.size() && second != 0; ++j) {
          double* const target = matrix_row(k, places_[j]) + (l - left_out_) * block_;
          const std::size_t end = l == k ? j + 1 : places_.size();
          for (std::size_t i = 0; i < end; ++i) {
            target[places_[i]] += second * extended_[j] * extended_[i];
          }
        }
      }
    }
  }

  const model::Network<double>& network_;
  model::Parameters<double> parameters_;
  model::Workspace<double> workspace_;
  std::size_t outputs_;
  std::size_t left_out_;   ///< outputs at the start
  std::size_t intercept_;  ///< 1 or 0
  std::size_t block_;      ///< parameters of an output
  Information sums_;
  linear_algebra::AlignedVector<double> curvatures_;
  std::vector<std::size_t> places_;
  std::vector<double> extended_;  ///< a row of features behind the 1 of the intercept
};

/// The numbers of the sums, of the matrix the lower triangle alone, and back: calls visit(number) in a fixed order.
template <typename Sum, typename Visit>
void for_each_number(Sum& sums, Visit visit) {
  visit(sums.weight);
  visit(sums.nll);
  std::ranges::for_each(sums.squares, visit);
  std::ranges::for_each(sums.gradient, visit);
  const std::size_t count = sums.gradient.size();
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      visit(sums.matrix[i * count + j]);
    }
  }
}

std::string bytes_of(const Information& sums) {
  std::string bytes;
  for_each_number(sums, [&](double value) { bytes.append(reinterpret_cast<const char*>(&value), sizeof value); });
  return bytes;
}

void add_bytes(Information& total, const std::string& bytes) {
  std::size_t place = 0;
  for_each_number(total, [&](double& value) {
    double term = 0;
    std::memcpy(&term, bytes.data() + place, sizeof term);
    value += term;
    place += sizeof term;
  });
}

/// Rows to read at once.
std::uint64_t rows_of_piece(const data::SourceShape& shape) {
  constexpr double piece_elements = 1 << 22;
  const double row_elements = shape.sparse ? static_cast<double>(shape.elements) / static_cast<double>(shape.rows)
                                           : static_cast<double>(shape.inputs);
  const auto passes = static_cast<std::uint64_t>(piece_elements / std::max(row_elements, 1.0)) / pass_rows;
  return std::max<std::uint64_t>(1, passes) * pass_rows;
}

void require_targets(const data::Reader& reader, const model::Likelihood<double>& likelihood,
                     const data::Samples<double>& samples) {
  for (std::size_t row = 0; row < samples.rows.size(); ++row) {
    const std::string fault = likelihood.target_fault(samples.target_matrix(), row);
    if (!fault.empty()) {
      throw core::UserError(data::at(reader.source()) + reader.place(data::Part::targets, samples.rows.first + row) +
                            ": " + fault);
    }
  }
}

}  // namespace

Information measure_information(const communication::Communicator& ranks, const data::Reader& reader,
                                const data::Standardization& standardization, const model::Network<double>& network,
                                std::span<const double> theta, std::uint64_t shards) {
  const core::Doing doing("measuring the information");
  const std::uint64_t piece_rows = rows_of_piece(reader.shape());
  data::BatchBuffer<double> buffer;
  std::optional<Sums> sums;
  std::optional<Information> total;
  communication::agree(ranks, [&] {
    sums.emplace(network, theta);
    if (ranks.is_root()) {
      total = sums->sums();
    }
  });
  const auto count = static_cast<std::uint64_t>(ranks.size());
  for (std::uint64_t first = 0; first < shards; first += count) {
    const std::uint64_t shard = first + static_cast<std::uint64_t>(ranks.rank());
    std::string bytes;
    communication::agree(ranks, [&] {
      if (shard >= shards) {
        return;
      }
      sums->clear();
      const data::Range rows = data::shard_rows(reader.shape().rows, shards, shard);
      for (std::uint64_t start = rows.first; start < rows.last; start += piece_rows) {
        data::Samples<double> samples =
            data::read_samples<double>(reader, {start, std::min(rows.last, start + piece_rows)}, standardization);
        require_targets(reader, network.likelihood(), samples);
        data::weigh_classes(reader.source().class_weights, samples);
        for (std::uint64_t row = 0; row < samples.rows.size(); row += pass_rows) {
          const std::uint64_t passing = std::min(pass_rows, samples.rows.size() - row);
          sums->add({data::features_of(samples, row, passing, buffer), samples.observed().middle_rows(row, passing)});
          core::note_progress();
        }
      }
      bytes = bytes_of(sums->sums());
    });
    const std::vector<std::string> texts = ranks.gather(bytes);
    communication::agree_on_root(ranks, [&] {
      for (const std::string& text : texts) {
        if (!text.empty()) {
          add_bytes(*total, text);
        }
      }
    });
  }
  return total ? *std::move(total) : Information{};
}

}  // namespace cauchy::training

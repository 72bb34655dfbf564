// Features with mean 0 and variance 1.

#include "cauchy/data/standardization.hpp"

#include <cmath>

namespace cauchy::data {
namespace {

// One row of sums a shard; a shard has one writer, so that the sum over ranks is exact.
class ShardSums {
 public:
  ShardSums(std::uint64_t shards, std::uint64_t inputs) : inputs_(inputs), values_(shards * inputs, 0.0) {}

  double* row(std::uint64_t shard) { return values_.data() + shard * inputs_; }

  // Collective.
  std::vector<double> total(const communication::Communicator& ranks) {
    ranks.sum<double>(values_);
    std::vector<double> sums(inputs_, 0.0);
    for (std::size_t i = 0; i < values_.size(); ++i) {
      sums[i % inputs_] += values_[i];
    }
    return sums;
  }

 private:
  std::uint64_t inputs_;
  std::vector<double> values_;
};

template <typename Real, typename Term>
std::vector<double> sum_over_rows(const communication::Communicator& ranks, const SourceShape& shape,
                                  std::uint64_t shards, Samples<Real>& samples, Term term) {
  ShardSums sums(shards, shape.inputs);
  const linear_algebra::MatrixView<Real> features = samples.feature_matrix();
  const Range local_shards =
      rank_shards(shards, static_cast<std::uint64_t>(ranks.rank()), static_cast<std::uint64_t>(ranks.size()));
  for (std::uint64_t shard = local_shards.first; shard < local_shards.last; ++shard) {
    double* sum = sums.row(shard);
    const Range rows = shard_rows(shape.rows, shards, shard);
    for (std::uint64_t row = rows.first; row < rows.last; ++row) {
      const Real* values = features.row(row - samples.rows.first);
      for (std::uint64_t column = 0; column < shape.inputs; ++column) {
        sum[column] += term(static_cast<double>(values[column]), column);
      }
    }
  }
  return sums.total(ranks);
}

}  // namespace

template <typename Real>
void Standardization::apply(linear_algebra::MatrixView<Real> features) const {
  for (std::size_t row = 0; row < features.rows; ++row) {
    Real* values = features.row(row);
    for (std::size_t column = 0; column < features.columns; ++column) {
      values[column] = static_cast<Real>((static_cast<double>(values[column]) - mean[column]) * scale[column]);
    }
  }
}

template <typename Real>
Standardization measure_standardization(const communication::Communicator& ranks, const SourceShape& shape,
                                        std::uint64_t shards, Samples<Real>& samples) {
  const auto rows = static_cast<double>(shape.rows);
  Standardization result;
  result.mean =
      sum_over_rows(ranks, shape, shards, samples, [](double value, std::uint64_t /*column*/) { return value; });
  for (double& mean : result.mean) {
    mean /= rows;
  }
  // The second pass around the mean keeps its digits where the mean is large against the deviation.
  result.scale = sum_over_rows(ranks, shape, shards, samples, [&](double value, std::uint64_t column) {
    const double deviation = value - result.mean[column];
    return deviation * deviation;
  });
  for (std::size_t column = 0; column < result.scale.size(); ++column) {
    const double deviation = std::sqrt(result.scale[column] / rows);
    // What is left of a constant feature is rounding in the mean, below 1e-12 of its size.
    const bool constant = deviation <= 1e-12 * std::abs(result.mean[column]);
    result.scale[column] = constant ? 1.0 : 1.0 / deviation;
  }
  return result;
}

template void Standardization::apply(linear_algebra::MatrixView<float>) const;
template void Standardization::apply(linear_algebra::MatrixView<double>) const;
template Standardization measure_standardization(const communication::Communicator&, const SourceShape&, std::uint64_t,
                                                 Samples<float>&);
template Standardization measure_standardization(const communication::Communicator&, const SourceShape&, std::uint64_t,
                                                 Samples<double>&);

}  // namespace cauchy::data

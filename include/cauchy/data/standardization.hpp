#pragma once
/// Features with mean 0 and variance 1.

#include <vector>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/source.hpp"
#include "cauchy/linear_algebra/matrix_view.hpp"

namespace cauchy::data {

/// x ← (x - mean)·scale, by feature. Empty vectors: features stay as they are.
struct Standardization {
  std::vector<double> mean;   ///< (inputs)
  std::vector<double> scale;  ///< (inputs), 1/standard deviation over the training data; 1 for a constant feature

  bool active() const { return !mean.empty(); }

  /// In place, rows are samples.
  template <typename Real>
  void apply(linear_algebra::MatrixView<Real> features) const;

  bool operator==(const Standardization&) const = default;
};

/// Collective. Mean and scale over all rows of the training data, of which this rank holds those of its shards. Each
/// shard is summed on its own and the shards in order, so that the result does not depend on the number of ranks.
/// Working memory and traffic: shards × inputs doubles.
template <typename Real>
Standardization measure_standardization(const communication::Communicator& ranks, const SourceShape& shape,
                                        std::uint64_t shards, Samples<Real>& samples);

}  // namespace cauchy::data

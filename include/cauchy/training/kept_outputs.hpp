#pragma once
/// Outputs of a linear model, which products with the Hessian at one Θ share.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/matrix_view.hpp"

namespace cauchy::training {

/// Those of a rank's samples in one batch, by shard. Memory: columns numbers a sample, and Θ once more, from the first
/// product on.
template <typename Real>
class KeptOutputs {
 public:
  /// `columns`: of a sample; 0: nothing is kept.
  KeptOutputs(std::size_t columns, std::size_t shards) : columns_(columns), values_(columns > 0 ? shards : 0) {}

  /// The batch is another one.
  void forget() { theta_.clear(); }

  /// Whether outputs for this Θ are there. If not, the caller writes them all.
  bool know(std::span<const Real> theta) {
    if (columns_ == 0 || std::ranges::equal(theta, theta_)) {
      return columns_ > 0;
    }
    theta_.assign(theta.begin(), theta.end());
    return false;
  }

  /// Room for so many samples of a shard. Threads may ask for different shards at the same time.
  void make_room(std::size_t shard, std::uint64_t samples) {
    if (columns_ > 0) {
      values_[shard].resize(samples * columns_);
    }
  }

  /// (count × columns); empty if nothing is kept.
  linear_algebra::MatrixView<Real> rows(std::size_t shard, std::uint64_t first, std::uint64_t count) {
    if (columns_ == 0) {
      return {};
    }
    return {values_[shard].data() + first * columns_, count, columns_};
  }

 private:
  std::size_t columns_;
  std::vector<linear_algebra::AlignedVector<Real>> values_;  ///< by shard of the rank
  linear_algebra::AlignedVector<Real> theta_;                ///< that they are of; empty: of none
};

}  // namespace cauchy::training

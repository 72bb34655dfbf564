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

/// Those of a rank's samples in one batch at one Θ, by shard: of the last evaluation or product, once a product has
/// been asked for. Memory: `columns` numbers a sample, and Θ once more.
///
///     const bool are_known = outputs.ask(theta);
///     ... outputs.rows(shard, first, count) ...                                  // if they are known
///     outputs.start(theta); ... outputs.keep(shard, samples, first, values) ...  // of all samples, else
template <typename Real>
class KeptOutputs {
 public:
  /// `columns`: of a sample; 0: nothing is ever kept.
  KeptOutputs(std::size_t columns, std::size_t shards) : columns_(columns), values_(columns > 0 ? shards : 0) {}

  /// Whether those of this Θ are there, for a product.
  bool ask(std::span<const Real> theta) {
    is_active_ = columns_ > 0;
    return is_active_ && std::ranges::equal(theta, theta_);
  }

  /// Whether anybody has asked, and there is something to keep.
  bool is_active() const { return is_active_; }

  /// Outputs at this Θ are about to be kept.
  void start(std::span<const Real> theta) {
    if (is_active_) {
      theta_.assign(theta.begin(), theta.end());
    }
  }

  /// The batch is another one.
  void forget() { theta_.clear(); }

  /// The next outputs of a shard that has so many samples in the batch, from sample `first` of these on; `values`
  /// begins with `count` samples. Threads may keep those of different shards at the same time. Only where it is active.
  void keep(std::size_t shard, std::uint64_t samples, std::uint64_t first, std::uint64_t count,
            std::span<const Real> values) {
    values_[shard].resize(samples * columns_);
    std::ranges::copy(values.first(count * columns_),
                      values_[shard].begin() + static_cast<std::ptrdiff_t>(first * columns_));
  }

  /// (count × columns)
  linear_algebra::MatrixView<const Real> rows(std::size_t shard, std::uint64_t first, std::uint64_t count) const {
    return {values_[shard].data() + first * columns_, count, columns_};
  }

 private:
  std::size_t columns_;
  bool is_active_ = false;
  std::vector<linear_algebra::AlignedVector<Real>> values_;  ///< by shard of the rank
  linear_algebra::AlignedVector<Real> theta_;                ///< that they are of; empty: of none
};

}  // namespace cauchy::training

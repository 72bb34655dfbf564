#pragma once
/// J over the ranks: the objective of one batch and its gradient, from the shards of all ranks.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "cauchy/communication/channel.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/data/sampler.hpp"
#include "cauchy/model/network.hpp"
#include "cauchy/optimize/method.hpp"
#include "cauchy/training/observer.hpp"
#include "cauchy/training/reducer.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::training {

/// What one evaluation found; the same on every rank.
struct BatchResult {
  std::uint64_t samples = 0;  ///< global number of samples in the batch, the divisor
  double nll_sum = 0;         ///< Σ NLL over the batch
  double penalty = 0;         ///< λ/2·‖weights‖²
  double gradient_norm = 0;   ///< Euclidean, of the objective's gradient
  Votes votes;                ///< those of all ranks together

  double nll() const { return nll_sum / static_cast<double>(samples); }
};

/// J(Θ) = (1/n) Σ -log p(y|x; Θ) + λ/2·‖weights‖² over the n samples of the current batch. Each rank sums over its
/// shards, the reducer over ranks; the division by n happens once, after the sums; the losses of the shards are added
/// in shard order, so that J does not depend on the number of ranks.
template <typename Real>
class DistributedObjective final : public optimize::Objective<Real> {
 public:
  /// All references must outlive the objective.
  DistributedObjective(const model::Network<Real>& network, double l2, data::Dataset<Real>& dataset,
                       const data::Sampler& sampler, std::uint64_t microbatch, Reducer<Real>& reducer,
                       communication::Channel& channel, core::PhaseSeconds& seconds);

  /// Chooses the batch, and the votes of this rank that travel with its evaluation. `proved` is called once, when loss
  /// and gradient at the first Θ that is evaluated have turned out to be finite.
  void select(const SamplerPosition& position, const Votes& votes, std::function<void()> proved = nullptr);

  /// Collective. Throws an agreed core::Error with code diverged if loss or gradient is NaN or infinite.
  double value_and_gradient(std::span<const Real> theta, std::span<Real> gradient) override;

  /// Of the last evaluation.
  const BatchResult& result() const { return result_; }

 private:
  double shard_value_and_gradient(std::span<const Real> theta, std::uint64_t shard);
  void reduce_losses();
  void complete_gradient(std::span<const Real> theta, std::span<const Real> sum, std::span<Real> gradient);
  void require_finite() const;
  double add_penalty(std::span<const Real> theta, std::span<Real> gradient) const;

  const model::Network<Real>& network_;
  double l2_;
  data::Dataset<Real>& dataset_;
  const data::Sampler& sampler_;
  std::uint64_t microbatch_;
  Reducer<Real>& reducer_;
  communication::Channel& channel_;
  core::PhaseSeconds& seconds_;

  model::Workspace<Real> workspace_;
  linear_algebra::AlignedVector<Real> shard_gradient_;
  std::vector<std::vector<std::uint32_t>> orders_;  ///< permutation of each local shard, for order_epoch_
  std::uint64_t order_epoch_ = UINT64_MAX;
  SamplerPosition position_;
  Votes votes_;
  std::function<void()> proved_;
  std::vector<double> summary_;  ///< Σ NLL of each shard, then the votes: one writer a shard
  BatchResult result_;
};

}  // namespace cauchy::training

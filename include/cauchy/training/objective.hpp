#pragma once
/// J over the ranks: the objective of one batch and its gradient, from the shards of all ranks.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cauchy/communication/channel.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/data/row_order.hpp"
#include "cauchy/data/sampler.hpp"
#include "cauchy/model/model.hpp"
#include "cauchy/optimize/method.hpp"
#include "cauchy/training/kept_outputs.hpp"
#include "cauchy/training/observer.hpp"
#include "cauchy/training/reducer.hpp"
#include "cauchy/training/shares.hpp"
#include "cauchy/training/state.hpp"
#include "cauchy/training/workers.hpp"

namespace cauchy::training {

/// The largest |g| of some elements of a gradient, and Σ(|g|/largest)ᵖ, which neither overflows nor vanishes; 1 for
/// p = 0, which stands for ∞.
struct Powers {
  double largest = 0;
  double sum = 0;
};

/// What one evaluation found; the same on every rank.
struct BatchResult {
  std::uint64_t samples = 0;  ///< global number of samples in the batch
  double weight = 0;          ///< Σ of their weights, the divisor n; their number where there are none
  double nll_sum = 0;         ///< Σ weight·NLL over the batch
  double penalty = 0;         ///< λ/2·‖weights‖² + λ₁·Σ|weights|
  double gradient_norm = 0;  ///< Euclidean, of the objective's gradient, with λ₁ of its smallest subgradient; unclipped
  double norm = 0;           ///< the p-norm of the settings of the same
  bool repeated = false;     ///< the shards computed it twice, since the sum's units did not fit
  Votes votes;               ///< those of all ranks together

  double nll() const { return nll_sum / divisor(); }

  /// Where no sample of the batch counts all sums are zero, and so is J but for the penalty.
  double divisor() const { return weight > 0 ? weight : 1; }
};

/// What an objective works with. All references must outlive it.
template <typename Real>
struct ObjectiveParts {
  const model::Model<Real>& model;
  const data::Dataset<Real>& dataset;
  const data::Sampler& sampler;
  Reducer<Real>& reducer;
  Workers<Real>& workers;
  communication::Channel& channel;
  core::PhaseSeconds& seconds;
  Shares shares = {};  ///< those of the reducer
};

struct ObjectiveSettings {
  double l2 = 0;          ///< λ
  double l1 = 0;          ///< λ₁, which is in the value, and left to the method's proximal step in the gradient
  double clip_norm = 0;   ///< the gradient is scaled down to this Euclidean norm; 0: as it is
  double clip_value = 0;  ///< elements beyond ± this are set to it; 0: none are
  double norm_p = 2;      ///< p of a norm; 0: ∞
  std::uint64_t microbatch = 512;
};

/// λ/2·‖weights‖² + λ₁·Σ|weights|; infinite if λ·weights, its gradient, might not fit a Real either.
template <typename Real>
double penalty(const model::ParameterLayout& layout, std::span<const Real> theta, double l2, double l1);

/// J(Θ) = (1/n) Σ -w·log p(y|x; Θ) + λ/2·‖weights‖² + λ₁·Σ|weights| over the samples of the current batch, n = Σ w,
/// their number where data have no weights. The threads of each rank sum over its shards, the reducer over ranks; the
/// division by n happens once, after the sums; the losses and the weights of the shards are added in shard order, so
/// that J does not depend on the number of ranks.
template <typename Real>
class DistributedObjective final : public optimize::Objective<Real> {
 public:
  DistributedObjective(ObjectiveParts<Real> parts, const ObjectiveSettings& settings);

  /// Samples that pass through the model at once: what a worker must have room for.
  static std::uint64_t pass_samples(std::uint64_t microbatch, const data::Sampler& sampler) {
    return std::min(microbatch, sampler.largest_part());
  }

  /// Chooses the batch, and the votes of this rank that travel with its evaluation. `proved` is called once, when loss
  /// and gradient at the first Θ that is evaluated have turned out to be finite on every rank; it may communicate.
  void select(const SamplerPosition& position, const Votes& votes, std::function<void()> proved = nullptr);

  /// Collective. Throws an agreed core::Error: with code diverged, naming step, shard and tensor, if loss or gradient
  /// is NaN or infinite; with code lost if the same shards gave other gradients when they were asked twice. Then
  /// `gradient` is untouched. Only where the sum of two finite gradients, of loss and penalty, or its norm
  /// overflows, the gradient has been written; this error is not agreed.
  double value_and_gradient(std::span<const Real> theta, std::span<Real> gradient) override;

  /// Collective. Of the chosen batch, through the same reducer, whose units move on as with a gradient; divided by the
  /// same n, plus λ·direction for weights, unclipped. Only where the model has no hessian_fault, and the reducer keeps
  /// nothing of a sum for the next one, as with 16 bits. Throws as value_and_gradient does.
  void hessian_vector(std::span<const Real> theta, std::span<const Real> direction, std::span<Real> product) override;

  void for_ranges(std::size_t elements, const std::function<void(std::size_t, std::size_t)>& work) override;

  /// Collective.
  double of_root(double value) override;

  /// By all evaluations and products since select(), over all ranks.
  std::uint64_t samples_used() const { return samples_used_; }

  /// Collective, where shares are divided. So is the next one.
  void sum_over_shares(std::span<double> numbers) override;
  void collect_shares(std::span<Real> theta) override;

  /// Of the last evaluation.
  const BatchResult& result() const { return result_; }

  /// Of the first evaluation since select().
  const BatchResult& first_result() const { return first_result_; }

  /// Whether any evaluation or product since select() was computed twice.
  bool repeated() const { return repeated_; }

 private:
  using WorkOfShard = std::function<void(Worker<Real>&, std::uint64_t)>;

  Verdict sum_over_shards(const WorkOfShard& work);
  std::uint64_t shards_with_samples() const;
  void add_gradient(const model::Parameters<Real>& parameters, std::uint64_t shard, Worker<Real>& worker);
  void add_product(const model::Parameters<Real>& parameters, std::span<const Real> direction, bool outputs_are_known,
                   std::uint64_t shard, Worker<Real>& worker);
  template <typename Pass>
  void for_each_pass(std::uint64_t shard, Worker<Real>& worker, Pass pass);
  void keep_outputs(std::uint64_t shard, std::uint64_t first, std::uint64_t count, const Worker<Real>& worker);
  std::span<double> weights_of_shards();
  void note_weight(std::uint64_t shard, double weight);
  double weight_of_batch();
  void reduce_losses(double own_penalty);
  void require_sum(Verdict verdict, const std::string& what);
  void require_finite_value();
  void finish_sum();
  void complete_gradient(std::span<const Real> theta, std::span<Real> gradient);
  template <typename Measure>
  void complete_blocks(std::span<const Real> point, std::span<Real> values, Measure measure);
  double norm_from_squares(std::span<const Real> values);
  template <typename T>
  std::span<T> part(std::span<T> vector, std::size_t block) const;
  data::Range own_blocks() const;
  void sum_over_shares(std::vector<Powers>& powers);
  double penalty_at(std::span<const Real> theta) const;
  void add_penalty_gradient(std::span<const Real> weights, std::span<Real> gradient) const;
  void clip(std::span<Real> gradient);
  core::Error divergence(const std::string& what) const;
  std::uint64_t step_number() const;

  ObjectiveParts<Real> parts_;
  ObjectiveSettings settings_;
  std::vector<data::RowOrder> orders_;  ///< of each local shard, for order_epoch_
  std::uint64_t order_epoch_ = UINT64_MAX;
  SamplerPosition position_;
  Votes votes_;
  std::function<void()> proved_;
  std::vector<double> summary_;  ///< Σ NLL of each shard, with weights Σ w of each, the penalty, one writer each; votes
  std::vector<double> squares_;  ///< Σ g² of each block of the gradient
  std::vector<Powers> powers_;   ///< of each block, where p is not 2
  BatchResult result_;
  KeptOutputs<Real> outputs_;
  BatchResult first_result_;
  std::uint64_t samples_used_ = 0;
  bool repeated_ = false;
};

}  // namespace cauchy::training

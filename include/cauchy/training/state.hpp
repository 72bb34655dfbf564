#pragma once
/// Everything that decides how training goes on: what a checkpoint holds. Each struct here names all its members where
/// they are visited, so that a new one without a place in the checkpoint does not compile.

#include <cstdint>
#include <memory>
#include <vector>

#include "cauchy/data/standardization.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/optimize/divergence.hpp"
#include "cauchy/optimize/method.hpp"
#include "cauchy/optimize/schedule.hpp"
#include "cauchy/reduction/units.hpp"
#include "cauchy/training/stop_reason.hpp"

namespace cauchy::training {

/// Where the sampler is. A step takes the rows of (epoch, step).
struct SamplerPosition {
  std::uint64_t epoch = 0;  ///< epochs completed
  std::uint64_t step = 0;   ///< steps completed within the current epoch

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& field) {
    auto& [epoch, step] = self;
    field("epoch", epoch);
    field("step", step);
  }
  bool operator==(const SamplerPosition&) const = default;
};

/// What the stopping criteria look at: values of the last step.
struct StoppingState {
  std::uint64_t steps = 0;         ///< steps completed since the start of training
  double nll = 0;                  ///< mean over the last step's batch, nats
  double penalty = 0;              ///< λ/2·‖weights‖² + λ₁·Σ|weights|
  double gradient_norm = 0;        ///< Euclidean, of the objective
  std::uint64_t best_step = 0;     ///< after which the NLL of the validation data was lowest; 0: none was measured yet
  double best_validation_nll = 0;  ///< that NLL
  std::uint64_t epochs_since_best = 0;  ///< in which it was measured
  double norm = 0;                      ///< p-norm of the gradient, as stop.norm_p says, of the last step
  double first_norm = 0;                ///< that of the first step
  double epoch_objective = 0;           ///< mean over the last complete epoch
  double relative_change = 0;           ///< of it from the epoch before; 1: there was none

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& field) {
    auto& [steps, nll, penalty, gradient_norm, best_step, best_validation_nll, epochs_since_best, norm, first_norm,
           epoch_objective, relative_change] = self;
    field("steps", steps);
    field("nll", nll);
    field("penalty", penalty);
    field("gradient_norm", gradient_norm);
    field("best_step", best_step);
    field("best_validation_nll", best_validation_nll);
    field("epochs_since_best", epochs_since_best);
    field("norm", norm);
    field("first_norm", first_norm);
    field("epoch_objective", epoch_objective);
    field("relative_change", relative_change);
  }
  bool operator==(const StoppingState&) const = default;
};

/// Sums from which the metrics are made.
struct History {
  std::uint64_t samples = 0;      ///< samples used since the start of training
  double epoch_weight = 0;        ///< Σ of the weights of those of the epoch that epoch_nll_sum belongs to
  double epoch_nll_sum = 0;       ///< Σ weight·NLL over them, each at the Θ of its step
  std::uint64_t repetitions = 0;  ///< steps that were computed twice, since the sum's units did not fit

  double epoch_nll() const { return epoch_weight == 0 ? 0 : epoch_nll_sum / epoch_weight; }

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& field) {
    auto& [samples, epoch_weight, epoch_nll_sum, repetitions] = self;
    field("samples", samples);
    field("epoch_weight", epoch_weight);
    field("epoch_nll_sum", epoch_nll_sum);
    field("repetitions", repetitions);
  }
  bool operator==(const History&) const = default;
};

/// What rounding left of the gradients of each shard, in layout order with padding: the error feedback of a sum in few
/// bits. Each rank works with those of its own shards, in its reducer; here they stand on the root alone.
template <typename Real>
using Residuals = std::vector<linear_algebra::AlignedVector<Real>>;

/// The method's vectors, each as long as Θ.
template <typename Real>
using WholeSlots = std::vector<optimize::Slot<Real>>;

/// The complete state between two steps; the same on every rank, whatever their number, but for the residuals, and the
/// method's vectors where each rank has those of its share.
template <typename Real>
struct TrainingState {
  optimize::MethodState<Real> method;  ///< Θ and the method's vectors, in layout order with padding
  SamplerPosition sampler;
  StoppingState stopping;
  History history;
  optimize::PlateauState plateau;
  optimize::Divergence divergence;
  data::Standardization standardization;
  reduction::Units units;              ///< of the order-free sum; empty where there is none
  Residuals<Real> residuals;           ///< on the root, up to date when the state is saved; empty where there are none
  StopReason stop = StopReason::none;  ///< why training ended after the last step
  std::shared_ptr<const WholeSlots<Real>>
      whole_slots;  ///< on the root while a state in shares is saved; copies share it

  /// What a checkpoint holds.
  const WholeSlots<Real>& slots() const { return whole_slots ? *whole_slots : method.slots; }

  /// Visits every named number of a state, constant or not: field("sampler", "epoch", sampler.epoch), ... What saves,
  /// loads and compares states goes through this one list.
  template <typename Self, typename Visitor>
  static void visit_scalars(Self& self, Visitor&& field) {
    const auto visit_part = [&](const char* name, auto& part) {
      part.visit(part, [&](const char* field_name, auto& value) { field(name, field_name, value); });
    };
    visit_part("sampler", self.sampler);
    visit_part("stopping", self.stopping);
    visit_part("history", self.history);
    visit_part("plateau", self.plateau);
    visit_part("divergence", self.divergence);
  }
};

}  // namespace cauchy::training

#pragma once
/// Everything that decides how training goes on: what a checkpoint holds.

#include <cstdint>

#include "cauchy/data/standardization.hpp"
#include "cauchy/optimize/method.hpp"

namespace cauchy::training {

/// Where the sampler is. A step takes the rows of (epoch, step).
struct SamplerPosition {
  std::uint64_t epoch = 0;  ///< epochs completed
  std::uint64_t step = 0;   ///< steps completed within the current epoch

  template <typename Visitor>
  void visit(Visitor&& field) {
    field("epoch", epoch);
    field("step", step);
  }
  bool operator==(const SamplerPosition&) const = default;
};

/// What the stopping criteria look at: values of the last step.
struct StoppingState {
  std::uint64_t steps = 0;   ///< steps completed since the start of training
  double nll = 0;            ///< mean over the last step's batch, nats
  double penalty = 0;        ///< λ/2·‖weights‖²
  double gradient_norm = 0;  ///< Euclidean, of the objective

  template <typename Visitor>
  void visit(Visitor&& field) {
    field("steps", steps);
    field("nll", nll);
    field("penalty", penalty);
    field("gradient_norm", gradient_norm);
  }
  bool operator==(const StoppingState&) const = default;
};

/// Sums from which the metrics are made.
struct History {
  std::uint64_t samples = 0;        ///< samples used since the start of training
  std::uint64_t epoch_samples = 0;  ///< samples used in the epoch that epoch_nll_sum belongs to
  double epoch_nll_sum = 0;         ///< Σ NLL over them, each at the Θ of its step

  double epoch_nll() const { return epoch_samples == 0 ? 0 : epoch_nll_sum / static_cast<double>(epoch_samples); }

  template <typename Visitor>
  void visit(Visitor&& field) {
    field("samples", samples);
    field("epoch_samples", epoch_samples);
    field("epoch_nll_sum", epoch_nll_sum);
  }
  bool operator==(const History&) const = default;
};

/// The complete state between two steps; the same on every rank, whatever their number.
template <typename Real>
struct TrainingState {
  optimize::MethodState<Real> method;  ///< Θ and the method's vectors, in layout order with padding
  SamplerPosition sampler;
  StoppingState stopping;
  History history;
  data::Standardization standardization;

  /// Visits the parts that are made of named numbers: part("sampler", sampler), ...
  template <typename Visitor>
  void visit_scalars(Visitor&& part) {
    part("sampler", sampler);
    part("stopping", stopping);
    part("history", history);
  }
  /// For readers: the parts come as copies.
  template <typename Visitor>
  void visit_scalars(Visitor&& part) const {
    TrainingState scalars;
    scalars.sampler = sampler;
    scalars.stopping = stopping;
    scalars.history = history;
    scalars.visit_scalars(part);
  }
};

}  // namespace cauchy::training

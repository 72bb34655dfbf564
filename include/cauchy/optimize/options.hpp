#pragma once
/// What the user decides about the method: section [optimizer].

#include <cstdint>
#include <string>

#include "cauchy/core/option.hpp"

namespace cauchy::optimize {

struct MethodOptions {
  std::string method = "gradient_descent";
  double learning_rate = 0.1;  ///< ε; 0: from the curvature of J
  double momentum = 0.9;       ///< μ
  double beta1 = 0.9;          ///< β₁
  double beta2 = 0.999;        ///< β₂
  double epsilon = 1e-8;       ///< δ
  double weight_decay = 0.01;  ///< λ of the methods that have it
  std::uint64_t pairs = 10;    ///< of lbfgs
  double clip_norm = 0;        ///< 0: none
  double clip_value = 0;       ///< 0: none
  bool sharded = false;        ///< each rank keeps a part of the method's vectors

  double decay_of_weights() const { return method == "adamw" || method == "lamb" ? weight_decay : 0; }

  /// Whether the method finds ε by itself, with several evaluations of one objective a step.
  bool searches() const {
    return method == "backtracking" || method == "barzilai_borwein" || method == "conjugate_gradient" ||
           method == "lbfgs" || method == "newton_cg";
  }

  /// Whether ε is to come from the curvature of J.
  bool measures_rate() const { return learning_rate == 0 && !searches(); }

  template <typename Visitor>
  void visit(Visitor&& option) {
    using core::Role;
    option("method", method,
           core::one_of({"gradient_descent", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "lamb",
                         "backtracking", "barzilai_borwein", "conjugate_gradient", "lbfgs", "newton_cg"}),
           Role::problem, "update rule; the last five find ε themselves, for optimizer.batch_size = full");
    option("learning_rate", learning_rate, core::above(0).or_word("auto", 0), Role::problem,
           "ε of x ← x - ε·∇J(x), from which optimizer.schedule departs; auto: one over the largest curvature of J at "
           "the start, for gradient_descent, momentum and nesterov with optimizer.batch_size = full");
    option("momentum", momentum, core::from_below(0, 1), Role::problem,
           "μ of momentum, v ← μ·v + ∇J(x), x ← x - ε·v, and of nesterov");
    option("beta1", beta1, core::from_below(0, 1), Role::problem,
           "of adam, adamw and lamb: how much of the mean of gradients stays in a step");
    option("beta2", beta2, core::from_below(0, 1), Role::problem,
           "of rmsprop, adam, adamw and lamb: how much of the mean of squared gradients stays in a step");
    option("epsilon", epsilon, core::between(1e-30, 1), Role::problem,
           "of adagrad, rmsprop, adam, adamw and lamb: added to the root of squared gradients before dividing by it");
    option("weight_decay", weight_decay, core::at_least(0), Role::problem,
           "λ of adamw and lamb: each step shrinks weights by ε·λ beside the gradient, whereas model.l2 is part of the "
           "objective");
    option("pairs", pairs, core::between(1, 1000), Role::problem,
           "of lbfgs: how many steps and changes of the gradient it remembers");
    option("clip_norm", clip_norm, core::at_least(0), Role::problem,
           "a gradient whose Euclidean norm is larger is scaled down to it; 0: none is");
    option("clip_value", clip_value, core::at_least(0), Role::problem,
           "elements of the gradient beyond ± this are set to it, after optimizer.clip_norm; 0: none are");
    option("sharded", sharded, core::anything(), Role::run,
           "each of P ranks keeps and updates 1/P of what the method remembers, which takes less memory. The result is "
           "the same to the last bit, and so is the checkpoint");
  }
};

/// How ε changes with the steps.
struct ScheduleOptions {
  std::string schedule = "constant";
  std::uint64_t warmup_steps = 0;
  std::uint64_t schedule_steps = 0;  ///< with the warm-up; 0: until stop.max_steps or stop.max_epochs
  std::uint64_t decay_steps = 0;     ///< 0: those of an epoch
  double decay = 0.1;
  double final_factor = 0;
  std::uint64_t plateau_epochs = 10;

  /// Whether the rate arrives somewhere after schedule_steps.
  bool has_end() const { return schedule == "cosine" || schedule == "linear" || schedule == "one_cycle"; }
  bool uses_decay_steps() const {
    return schedule == "step" || schedule == "exponential" || schedule == "inverse_time";
  }

  template <typename Visitor>
  void visit(Visitor&& option) {
    using core::Role;
    option(
        "schedule", schedule,
        core::one_of({"constant", "step", "exponential", "inverse_time", "cosine", "linear", "one_cycle", "plateau"}),
        Role::problem, "how ε changes with the steps, or with the NLL of the validation data (plateau)");
    option("warmup_steps", warmup_steps, core::at_least(0), Role::problem,
           "ε rises linearly over the first so many steps; 0: none, with one_cycle 3/10 of all");
    option(
        "schedule_steps", schedule_steps, core::between(1, 1e15).or_word("auto", 0), Role::problem,
        "steps after which cosine, linear and one_cycle have ended; auto: those of stop.max_steps or stop.max_epochs "
        "at the first launch");
    option("decay_steps", decay_steps, core::between(1, 1e15).or_word("auto", 0), Role::problem,
           "steps after which step and exponential multiply ε by optimizer.decay, and inverse_time halves it; auto: "
           "those of an epoch");
    option("decay", decay, core::between(0, 1), Role::problem, "factor of step, exponential and plateau");
    option("final_factor", final_factor, core::between(0, 1), Role::problem,
           "what cosine, linear and one_cycle leave of ε in the end");
    option("plateau_epochs", plateau_epochs, core::between(1, 1e15), Role::problem,
           "plateau multiplies ε by optimizer.decay after so many epochs without a lower NLL of the validation data");
  }
};

}  // namespace cauchy::optimize

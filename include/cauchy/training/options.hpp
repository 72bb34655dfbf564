#pragma once
/// What the user decides about training: sections [stop] and [run], and the batch of section [optimizer].

#include <cstdint>
#include <string>

#include "cauchy/core/option.hpp"

namespace cauchy::training {

struct BatchOptions {
  std::uint64_t batch_size = 0;  ///< B, samples a step over all shards; 0: all of them

  template <typename Visitor>
  void visit(Visitor&& option) {
    option("batch_size", batch_size, core::between(1, 1e15).or_word("full", 0), core::Role::problem,
           "samples of a step, over all shards and ranks; full: all of them");
  }
};

/// 0 stands for no limit. Training ends at the first criterion that holds.
struct StopOptions {
  std::uint64_t max_steps = 0;
  std::uint64_t max_epochs = 0;
  double max_seconds = 0;             ///< of wall-clock time since the launch, the last checkpoint included
  double gradient_norm = 0;           ///< p-norm of the objective's gradient
  double relative_gradient_norm = 0;  ///< the same, over that of the first step
  double norm_p = 2;                  ///< 0: ∞
  double relative_change = 0;         ///< of the objective, from epoch to epoch
  double target_nll = no_target;      ///< of an epoch
  std::uint64_t patience = 0;         ///< epochs without a lower NLL of the validation data

  double divergence_factor = 1000;

  static constexpr std::uint64_t no_target_word = UINT64_MAX;
  static constexpr double no_target = static_cast<double>(no_target_word);

  bool looks_at_norm() const { return gradient_norm > 0 || relative_gradient_norm > 0; }
  /// Whether there is a limit at all.
  bool any() const {
    return max_steps > 0 || max_epochs > 0 || max_seconds > 0 || looks_at_norm() || relative_change > 0 ||
           target_nll != no_target || patience > 0;
  }

  template <typename Visitor>
  void visit(Visitor&& option) {
    using core::Role;
    option("max_steps", max_steps, core::between(1, 1e15).or_word("none", 0), Role::run,
           "stop after so many steps in all");
    option("max_epochs", max_epochs, core::between(1, 1e15).or_word("none", 0), Role::run,
           "stop after so many epochs in all");
    option("max_seconds", max_seconds, core::at_least(0), Role::run,
           "be done, the last checkpoint included, so many seconds after the launch; 0: no limit");
    option("gradient_norm", gradient_norm, core::at_least(0), Role::run,
           "stop when the norm of the objective's gradient is at most this; 0: no limit");
    option("relative_gradient_norm", relative_gradient_norm, core::at_least(0), Role::run,
           "stop when the norm is at most this part of that of the first step; 0: no limit");
    option("norm_p", norm_p, core::at_least(1).or_word("inf", 0), Role::problem,
           "p of the norm (Σ|g|ᵖ)^(1/p) of the two; inf: the largest |g|. metrics.csv has the Euclidean one, p = 2");
    option(
        "relative_change", relative_change, core::at_least(0), Role::run,
        "stop when the objective of an epoch, or of a step over all samples, differs from that before by at most this "
        "part; 0: no limit");
    option("target_nll", target_nll, core::anything().or_word("none", no_target_word), Role::run,
           "stop when the NLL of an epoch, or of a step over all samples, is at most this");
    option("patience", patience, core::between(1, 1e15).or_word("none", 0), Role::run,
           "stop after so many epochs without a lower NLL of the validation data; the best parameters are in best.h5");
    option(
        "divergence_factor", divergence_factor, core::at_least(0), Role::run,
        "end with exit code 3 when for five steps the objective has been further from that of the start than so many "
        "times its magnitude, or 1, with a gradient ten times as long; 0: when numbers overflow");
  }
};

struct RunOptions {
  std::uint64_t seed = 1;
  std::string precision = "float";
  std::string reduction = "exact";
  std::uint64_t threads = 1;  ///< of a rank
  std::string overlap = "auto";
  std::uint64_t guard_steps = 100;  ///< 0: never
  double watchdog_seconds = 600;    ///< 0: never

  template <typename Visitor>
  void visit(Visitor&& option) {
    using core::Role;
    option("seed", seed, core::anything(), Role::problem, "of initial parameters and of the order of samples");
    option("precision", precision, core::one_of({"float", "double", "bf16"}), Role::problem,
           "type of parameters, features and products; bf16: as float, with the operands of products rounded to bf16, "
           "which is faster on processors that have instructions for it");
    option("reduction", reduction, core::one_of({"exact", "float", "exact16", "exact32", "exact64"}), Role::problem,
           "how gradients are summed over shards; exact: as integers, the same bits on any number of ranks and threads "
           "(exact32, exact64: with integers of that width; exact16: of 16 bits, half the bytes on the network, with "
           "error feedback); float: in floating point, whose last bits depend on them");
    option("threads", threads, core::between(1, 4096), Role::run,
           "threads of each rank, which take different shards; ranks × threads may not exceed data.shards");
    option(
        "overlap", overlap, core::one_of({"auto", "true", "false"}), Role::run,
        "sum the gradient of later layers over ranks while earlier ones compute, on a thread of its own; auto: where "
        "ranks run on several hosts and the model is large. The result is the same to the last bit");
    option(
        "guard_steps", guard_steps, core::between(1, 1e15).or_word("never", 0), Role::run,
        "compare the state of training across ranks every so many steps, and then also before each checkpoint; never: "
        "neither");
    option(
        "watchdog_seconds", watchdog_seconds, core::between(1, 1e9).or_word("never", 0), Role::run,
        "end the job with exit code 5 when no rank has made progress for so many seconds (a step, a microbatch, some "
        "megabytes read or written), or when a rank has died; never: neither");
  }
};

}  // namespace cauchy::training

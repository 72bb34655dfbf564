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
  double max_seconds = 0;    ///< of wall-clock time since the launch
  double gradient_norm = 0;  ///< Euclidean norm of the objective's gradient

  /// Whether there is a limit at all.
  bool any() const { return max_steps > 0 || max_epochs > 0 || max_seconds > 0 || gradient_norm > 0; }

  template <typename Visitor>
  void visit(Visitor&& option) {
    using core::Role;
    option("max_steps", max_steps, core::between(1, 1e15).or_word("none", 0), Role::run,
           "stop after so many steps in all");
    option("max_epochs", max_epochs, core::between(1, 1e15).or_word("none", 0), Role::run,
           "stop after so many epochs in all");
    option("max_seconds", max_seconds, core::at_least(0), Role::run,
           "stop so many seconds after the launch; 0: no limit");
    option("gradient_norm", gradient_norm, core::at_least(0), Role::run,
           "stop when the Euclidean norm of the objective's gradient is at most this; 0: no limit");
  }
};

struct RunOptions {
  std::uint64_t seed = 1;
  std::string precision = "float";
  std::string reduction = "float";

  template <typename Visitor>
  void visit(Visitor&& option) {
    using core::Role;
    option("seed", seed, core::anything(), Role::problem, "of initial parameters and of the order of samples");
    option("precision", precision, core::one_of({"float", "double"}), Role::problem,
           "type of parameters, features and products");
    option("reduction", reduction, core::one_of({"float"}), Role::problem,
           "how gradients are summed over ranks; float: an allreduce of floating-point numbers, whose last bits depend "
           "on the number of ranks");
  }
};

}  // namespace cauchy::training

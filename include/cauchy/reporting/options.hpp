#pragma once
/// What the user decides about reports: section [output].

#include <cstdint>
#include <string>

#include "cauchy/core/option.hpp"

namespace cauchy::reporting {

struct OutputOptions {
  std::string directory;          ///< empty: the directory of the checkpoints
  std::uint64_t every_steps = 0;  ///< rows of metrics.csv beside those of epochs; 0: none

  template <typename Visitor>
  void visit(Visitor&& option) {
    using core::Role;
    option("directory", directory, core::anything(), Role::run,
           "folder of metrics.csv and resolved.cfg; empty: that of the checkpoints");
    option("every_steps", every_steps, core::between(1, 1e15).or_word("epoch", 0), Role::run,
           "steps between rows of metrics.csv; epoch: a row at the end of each epoch only");
  }
};

}  // namespace cauchy::reporting

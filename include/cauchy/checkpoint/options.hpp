#pragma once
/// What the user decides about checkpoints: section [checkpoint].

#include <cstdint>
#include <string>

#include "cauchy/core/option.hpp"

namespace cauchy::checkpoint {

struct CheckpointOptions {
  std::string directory = "checkpoints";
  std::uint64_t every_steps = 0;        ///< 0: not by steps
  std::uint64_t every_epochs = 0;       ///< 0: not by epochs
  double every_seconds = 300;           ///< 0: not by time
  std::uint64_t keep = 3;               ///< newest checkpoints that stay
  std::uint64_t keep_every_steps = 0;   ///< 0: none
  std::uint64_t keep_every_epochs = 0;  ///< 0: none
  bool required = false;

  template <typename Visitor>
  void visit(Visitor&& option) {
    using core::Role;
    option("directory", directory, core::anything(), Role::run, "folder of the checkpoints, made where it is missing");
    option("every_steps", every_steps, core::between(1, 1e15).or_word("never", 0), Role::run,
           "steps between checkpoints");
    option("every_epochs", every_epochs, core::between(1, 1e15).or_word("never", 0), Role::run,
           "epochs between checkpoints");
    option("every_seconds", every_seconds, core::at_least(0), Role::run,
           "seconds between checkpoints, beside those by steps and epochs; 0: not by time");
    option(
        "keep", keep, core::between(1, 1e15), Role::run,
        "how many of the newest checkpoints stay, best.h5 apart; after the last step at least two, since nothing has "
        "proved it yet");
    option("keep_every_steps", keep_every_steps, core::between(1, 1e15).or_word("never", 0), Role::run,
           "a checkpoint every so many steps that stays for ever, beside those of keep");
    option("keep_every_epochs", keep_every_epochs, core::between(1, 1e15).or_word("never", 0), Role::run,
           "the same by epochs");
    option("required", required, core::anything(), Role::run,
           "true: stop with exit code 4 when a checkpoint cannot be written; false: warn, and try the next");
  }
};

}  // namespace cauchy::checkpoint

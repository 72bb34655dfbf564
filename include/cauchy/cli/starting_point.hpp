#pragma once
/// Where a run of training starts: at the beginning, or at a checkpoint.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/communicator.hpp"

namespace cauchy::cli {

struct StartingPoint {
  bool resumed = false;              ///< on every rank
  checkpoint::ProblemShape problem;  ///< on every rank, where resumed
  std::filesystem::path path;        ///< on the root, where resumed
};

/// What a resumed run may change although it determines Θ, if --change names it.
inline constexpr std::string_view changeable = "optimizer.learning_rate";

/// Collective. `resume` is the value of --resume: nothing to start afresh, empty for the newest valid checkpoint of
/// checkpoint.directory, or a file. An empty directory starts afresh too. Settles data.shards: what the user set, else
/// what the checkpoint has, else the number of ranks times that of threads; and model.vocabulary on what the
/// checkpoint has, unless the user set it. `change`: the value of --change, a
/// key that may differ from the checkpoint's. Throws an agreed error if the checkpoint contradicts the settings, key by
/// key, or if there are checkpoints and none is valid.
StartingPoint find_starting_point(const communication::Communicator& ranks, const std::optional<std::string>& resume,
                                  const std::optional<std::string>& change, Settings& settings);

}  // namespace cauchy::cli

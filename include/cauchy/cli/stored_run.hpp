#pragma once
/// The run that a checkpoint belongs to, for the commands that use its model.

#include <cstdint>
#include <string>
#include <vector>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/cli/command_line.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/linear_algebra/aligned.hpp"

namespace cauchy::cli {

struct StoredRun {
  std::string path;
  checkpoint::ProblemShape problem;
};

/// Collective. Opens the checkpoint that --checkpoint names and takes its configuration as the base of the settings,
/// under environment and command line; starts the watchdog. Throws an agreed core::Error if the checkpoint is missing
/// or damaged, or if settings differ that determine Θ, but for the keys in `free`.
StoredRun open_stored_run(const communication::Communicator& ranks, const CommandLine& line,
                          const std::vector<std::string>& free, Settings& settings);

/// What a checkpoint has fitted, in double whatever the precision of its run.
struct StoredModel {
  linear_algebra::AlignedVector<double> theta;
  data::Standardization standardization;
  std::uint64_t steps = 0;  ///< after which it was written
};

/// Collective. `settings` are those of the stored run.
StoredModel load_model(const communication::Communicator& ranks, const StoredRun& run, const Settings& settings);

/// The option --checkpoint of such a command.
CommandOption checkpoint_option();

}  // namespace cauchy::cli

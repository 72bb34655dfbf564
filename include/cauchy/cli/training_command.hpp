#pragma once
/// A run of training from the sources of its settings to its end.

#include <functional>

#include "cauchy/cli/command_line.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/config/sources.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::cli {

/// Called on every rank with the state at the end of a run in double precision.
using Finished = std::function<void(const training::TrainingState<double>&)>;

/// Collective. What `cauchy train` does. `settings` may have a problem of their own, `sources` what stands below file,
/// environment and command line.
core::ExitCode train(const communication::Communicator& ranks, const CommandLine& line, Settings& settings,
                     config::Sources sources, const Finished& finished = nullptr);

/// Collective. What `cauchy check-gradient --config` does.
core::ExitCode check_gradient(const communication::Communicator& ranks, const CommandLine& line, Settings& settings,
                              config::Sources sources);

/// The options of a run of training, beside configuration keys.
std::vector<CommandOption> training_options();

}  // namespace cauchy::cli

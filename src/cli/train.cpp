// cauchy train: the training run of a configuration.

#include <iostream>
#include <string>
#include <type_traits>
#include <vector>

#include "cauchy/cli/arithmetic.hpp"
#include "cauchy/cli/commands.hpp"
#include "cauchy/cli/own_problem.hpp"
#include "cauchy/cli/problem.hpp"
#include "cauchy/cli/run_folders.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/cli/starting_point.hpp"
#include "cauchy/cli/training_command.hpp"
#include "cauchy/cli/training_run.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/communication/watchdog.hpp"
#include "cauchy/config/sources.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/core/stop_signal.hpp"
#include "cauchy/core/timer.hpp"

namespace cauchy::cli {
namespace {

// Agreed, since every rank has the same settings.
void check_stop(const Settings& settings) {
  if (settings.stop.patience > 0 && !settings.data.validates()) {
    throw core::UserError(
        "stop.patience looks at the NLL of validation data; set data.validation or data.validation_fraction")
        .as_agreed();
  }
}

core::ExitCode run_train(const communication::Communicator& ranks, const CommandLine& line) {
  Settings settings;
  return train(ranks, line, settings, {});
}

}  // namespace

core::ExitCode train(const communication::Communicator& ranks, const CommandLine& line, Settings& settings,
                     config::Sources sources, const Finished& finished) {
  const core::Timer launch;
  communication::agree(ranks, [&] {
    core::watch_stop_signals();
    sources.file = line.has("config") ? line.required("config") : "";
  });
  agree_on_arithmetic(ranks);
  sources.environment = config::environment_variables();
  sources.arguments = line.configuration();
  resolve_settings(ranks, sources, settings);
  settle_own_problem(ranks, settings);
  communication::start_watchdog(ranks, settings.run.watchdog_seconds);
  communication::agree_on_root(ranks, [&] { check_folders(run_folders(settings)); });
  check_threads(ranks, settings.run.threads);
  check_stop(settings);
  RunLocks locks;
  if (!line.has("dry-run")) {
    communication::agree_on_root(ranks, [&] { locks.take(run_folders(settings)); });
  }
  const StartingPoint start = find_starting_point(ranks, line.value("resume"), line.value("change"), settings);
  if (ranks.is_root()) {
    std::cout << config::resolved_text(settings.resolution) << "\n";
    if (!settings.stop.any()) {
      std::cerr
          << "cauchy: warning: no stopping criterion is set (stop.max_epochs and others): the run goes on until a "
             "signal stops it\n";
    }
  }
  return with_precision(settings.run.precision, [&]<typename Real>() {
    TrainingRun<Real> run(ranks, settings, start, launch);
    run.describe();
    if (!line.has("dry-run")) {
      const core::ExitCode code = run.train(locks);
      if constexpr (std::is_same_v<Real, double>) {
        if (finished) {
          finished(run.state());
        }
      }
      return code;
    }
    if (ranks.is_root()) {
      std::cout << "dry run: configuration and data are in order; nothing was written\n";
    }
    return core::ExitCode::done;
  });
}

std::vector<CommandOption> training_options() {
  using Value = CommandOption::Value;
  return {{"config", Value::required, "FILE", "configuration, an INI file"},
          {"resume", Value::optional, "FILE",
           "go on from the newest checkpoint, or from this one; without any, start afresh"},
          {"change", Value::required, "KEY",
           "with --resume: let this setting differ from the checkpoint's; " + std::string(changeable)},
          {"dry-run", Value::none, "", "check configuration and data, tell memory and reading time, and end"}};
}

Command train_command() {
  return {
      {"train", "Fits a model to data; run it under mpirun or srun for several ranks.", "", training_options(), true},
      run_train};
}

}  // namespace cauchy::cli

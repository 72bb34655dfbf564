// cauchy train: the training run of a configuration.

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>

#include "cauchy/cli/commands.hpp"
#include "cauchy/cli/problem.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/cli/starting_point.hpp"
#include "cauchy/cli/training_run.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/config/sources.hpp"
#include "cauchy/core/stop_signal.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/linear_algebra/product.hpp"

namespace cauchy::cli {
namespace {

// Whether the folder is there or can be made, without making it. Throws core::UserError.
void check_folder(const std::string& key, std::filesystem::path folder) {
  const std::string at = key + " = " + folder.string() + ": ";
  if (folder.empty()) {
    throw core::UserError(key + " is empty; it names a folder");
  }
  folder = std::filesystem::absolute(folder);
  while (!std::filesystem::exists(folder)) {
    folder = folder.parent_path();
  }
  if (!std::filesystem::is_directory(folder)) {
    throw core::UserError(at + folder.string() + " is a file, not a folder");
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    throw core::UserError(at + folder.string() + " cannot be written: " + std::strerror(errno));
  }
}

core::ExitCode run_train(const communication::Communicator& ranks, const CommandLine& line) {
  const core::Timer launch;
  Settings settings;
  config::Sources sources;
  communication::agree(ranks, [&] {
    core::watch_stop_signals();
    linear_algebra::prepare_products();
    sources.file = line.has("config") ? line.required("config") : "";
  });
  sources.environment = config::environment_variables();
  sources.arguments = line.configuration();
  resolve_settings(ranks, sources, settings);
  communication::agree_on_root(ranks, [&] {
    check_folder("checkpoint.directory", settings.checkpoint.directory);
    check_folder("output.directory", settings.output_directory());
  });
  const StartingPoint start = find_starting_point(ranks, line.value("resume"), settings);
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
      return run.train();
    }
    if (ranks.is_root()) {
      std::cout << "dry run: configuration and data are in order; nothing was written\n";
    }
    return core::ExitCode::done;
  });
}

}  // namespace

Command train_command() {
  using Value = CommandOption::Value;
  return {{"train",
           "Fits a model to data; run it under mpirun or srun for several ranks.",
           "",
           {{"config", Value::required, "FILE", "configuration, an INI file"},
            {"resume", Value::optional, "FILE", "go on from the newest checkpoint, or from this one"},
            {"dry-run", Value::none, "", "check configuration and data, tell memory and reading time, and end"}},
           true},
          run_train};
}

}  // namespace cauchy::cli

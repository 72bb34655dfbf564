// The run that a checkpoint belongs to.

#include "cauchy/cli/stored_run.hpp"

#include "cauchy/cli/arithmetic.hpp"
#include "cauchy/cli/method.hpp"
#include "cauchy/cli/problem.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/communication/watchdog.hpp"
#include "cauchy/config/sources.hpp"

namespace cauchy::cli {
namespace {

template <typename Real>
StoredModel load_as(const communication::Communicator& ranks, const StoredRun& run, const Settings& settings) {
  const auto network = make_network<Real>(ranks, settings, run.problem);
  const auto method = make_method<Real>(ranks, settings, network->layout());
  const training::TrainingState<Real> state = load_state(ranks, run.path, network->layout(), *method);
  return {{state.method.x.begin(), state.method.x.end()}, state.standardization, state.stopping.steps};
}

}  // namespace

StoredRun open_stored_run(const communication::Communicator& ranks, const CommandLine& line,
                          const std::vector<std::string>& free, Settings& settings) {
  StoredRun run;
  config::Sources sources;
  communication::agree(ranks, [&] { run.path = line.required("checkpoint"); });
  agree_on_arithmetic(ranks);
  communication::agree_on_root(ranks, [&] {
    require_file("--checkpoint", run.path);
    const checkpoint::Header header = checkpoint::read_header(run.path);
    sources.stored = header.configuration;
    sources.stored_name = run.path;
    run.problem = header.problem;
  });
  broadcast(ranks, run.problem);
  sources.environment = config::environment_variables();
  sources.arguments = line.configuration();
  resolve_settings(ranks, sources, settings);
  communication::start_watchdog(ranks, settings.run.watchdog_seconds);
  check_threads(ranks, settings.run.threads);
  communication::agree_on_root(ranks, [&] {
    refuse_other_settings(run.path, sources.stored, settings, free, "leave them out: the checkpoint brings its own");
  });
  return run;
}

StoredModel load_model(const communication::Communicator& ranks, const StoredRun& run, const Settings& settings) {
  return with_precision(settings.run.precision, [&]<typename Real>() { return load_as<Real>(ranks, run, settings); });
}

CommandOption checkpoint_option() {
  return {"checkpoint", CommandOption::Value::required, "FILE", "the checkpoint; its configuration is the base"};
}

}  // namespace cauchy::cli

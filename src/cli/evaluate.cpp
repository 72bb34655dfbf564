// cauchy evaluate: the NLL and the metrics of a checkpoint on a data set.

#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "cauchy/cli/commands.hpp"
#include "cauchy/cli/method.hpp"
#include "cauchy/cli/problem.hpp"
#include "cauchy/cli/run_report.hpp"
#include "cauchy/cli/sample_storage.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/cli/stored_run.hpp"
#include "cauchy/cli/tokens.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/communication/channel.hpp"
#include "cauchy/reporting/number.hpp"
#include "cauchy/training/evaluation.hpp"
#include "cauchy/training/workers.hpp"

namespace cauchy::cli {
namespace {

template <typename Real>
void evaluate_checkpoint(const communication::Communicator& ranks, const std::string& path,
                         const checkpoint::ProblemShape& problem, const Settings& settings) {
  const data::Source source = settings.source("data.test", settings.data.test);
  if (source.path.empty()) {
    throw core::UserError("data.test is not set: --data.test=FILE names the data to evaluate on").as_agreed();
  }
  std::unique_ptr<const data::Reader> reader = data::open_reader(ranks, source, problem.encoding);
  check_columns(*reader, problem);
  check_tokens(*reader, settings);
  const auto network = make_network<Real>(ranks, settings, problem);
  const auto method = make_method<Real>(ranks, settings, network->layout());
  const training::TrainingState<Real> state = load_state(ranks, path, network->layout(), *method);
  const SampleSet set{reader.get()};
  const SampleStorage storage = store_samples(ranks, settings, {&set, 1}).front();
  data::Dataset<Real> dataset(ranks, std::move(reader), settings.data.shards, state.standardization,
                              storage.streamed_block_rows);
  training::check_observations(ranks, network->likelihood(), settings.model.likelihood, dataset);
  training::check_features(ranks, *network, dataset);
  core::PhaseSeconds seconds;
  communication::Channel channel(ranks, seconds, communication::Channel::Overlap::off);
  const std::uint64_t microbatch = settings.data.rows_of_a_pass();
  std::optional<training::Workers<Real>> workers;
  communication::agree(ranks, [&] {
    workers.emplace(*network, evaluation_samples<Real>(microbatch, {&dataset}), settings.run.threads, seconds);
  });
  const training::Evaluation result =
      training::evaluate<Real>(channel, *network, state.method.x, dataset, microbatch, *workers);
  if (ranks.is_root()) {
    std::cout << "checkpoint  " << path << " (step " << state.stopping.steps << ", epoch " << state.sampler.epoch
              << ")\ndata        " << source.path << " (" << result.samples << " samples)\nNLL         "
              << reporting::short_text(result.nll, 10) << "\n";
    if (dataset.shape().bytes) {
      std::cout << "bits/byte   " << reporting::short_text(bits(result.nll), 10) << "\n";
    }
    const std::vector<std::string> names = network->likelihood().metrics();
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::cout << names[i] << std::string(12 - names[i].size(), ' ') << reporting::short_text(result.metrics[i], 10)
                << "\n";
    }
  }
}

core::ExitCode run_evaluate(const communication::Communicator& ranks, const CommandLine& line) {
  Settings settings;
  const StoredRun run = open_stored_run(ranks, line, {"data.microbatch", "model.class_weights"}, settings);
  with_precision(settings.run.precision,
                 [&]<typename Real>() { evaluate_checkpoint<Real>(ranks, run.path, run.problem, settings); });
  return core::ExitCode::done;
}

}  // namespace

Command evaluate_command() {
  return {{"evaluate",
           "NLL and metrics of a checkpoint on a data set, on any number of ranks.",
           "",
           {checkpoint_option()},
           true},
          run_evaluate};
}

}  // namespace cauchy::cli

// A model at a point Θ.

#include "cauchy/cli/point.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "cauchy/cli/arithmetic.hpp"
#include "cauchy/cli/fresh_model.hpp"
#include "cauchy/cli/own_problem.hpp"
#include "cauchy/cli/problem.hpp"
#include "cauchy/cli/sample_storage.hpp"
#include "cauchy/cli/spread.hpp"
#include "cauchy/cli/stored_run.hpp"
#include "cauchy/cli/tokens.hpp"
#include "cauchy/cli/training_data.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/communication/watchdog.hpp"
#include "cauchy/config/sources.hpp"
#include "cauchy/reporting/number.hpp"
#include "cauchy/training/evaluation.hpp"

namespace cauchy::cli {
namespace {

/// Collective.
void settle_arithmetic(const communication::Communicator& ranks, Settings& settings, std::uint64_t rows) {
  const std::string source = "double precision, all samples";
  settle(ranks, settings, "run.precision", "double", source);
  settle(ranks, settings, "optimizer.batch_size", "full", source);
  if (settings.data.shards == 0) {
    constexpr std::uint64_t usual = 64;
    const std::uint64_t threads = static_cast<std::uint64_t>(ranks.size()) * settings.run.threads;
    settle(ranks, settings, "data.shards", std::to_string(std::min(rows, std::max(usual, threads))), source);
  }
}

/// Collective.
std::unique_ptr<const data::Reader> open_training_rows(const communication::Communicator& ranks, Settings& settings,
                                                       const data::Encoding& encoding) {
  std::unique_ptr<const data::Reader> reader = open_training_data(ranks, settings, encoding).train;
  settle_arithmetic(ranks, settings, reader->shape().rows);
  check_shards(*reader, settings);
  check_spread({static_cast<std::uint64_t>(ranks.size()), settings.run.threads, settings.data.shards});
  return reader;
}

/// Collective.
std::unique_ptr<const data::Reader> open_test_rows(const communication::Communicator& ranks, Settings& settings,
                                                   const data::Encoding& encoding) {
  if (settings.data.test.empty()) {
    throw core::UserError("data.test is not set: --data.test=FILE names the data").as_agreed();
  }
  std::unique_ptr<const data::Reader> reader =
      data::open_reader(ranks, settings.source("data.test", settings.data.test), encoding);
  settle_arithmetic(ranks, settings, reader->shape().rows);
  return reader;
}

/// Collective.
std::uint64_t streamed_block_rows(const communication::Communicator& ranks, const Settings& settings,
                                  const data::Reader& reader) {
  const SampleSet set = training_set(reader, settings);
  return store_samples(ranks, settings, {&set, 1}).front().streamed_block_rows;
}

/// Collective. As a run of training would start.
Point fresh_point(const communication::Communicator& ranks, const CommandLine& line, Settings& settings,
                  config::Sources sources) {
  communication::agree(ranks, [&] { sources.file = line.has("config") ? line.required("config") : ""; });
  agree_on_arithmetic(ranks);
  sources.environment = config::environment_variables();
  sources.arguments = line.configuration();
  resolve_settings(ranks, sources, settings);
  settle_own_problem(ranks, settings);
  communication::start_watchdog(ranks, settings.run.watchdog_seconds);
  check_threads(ranks, settings.run.threads);
  communication::agree(ranks, [&] { model::check(settings.model); });
  std::unique_ptr<const data::Reader> reader = open_training_rows(ranks, settings, {});
  const std::uint64_t block_rows = streamed_block_rows(ranks, settings, *reader);
  FreshModel<double> fresh = make_fresh_model<double>(ranks, settings, std::move(reader), block_rows);
  Point point;
  point.text = !settings.model.initial.empty() ? settings.model.initial
               : fresh.network                 ? "initial parameters of run.seed = " + std::to_string(settings.run.seed)
                                               : "initial parameters of " + settings.own.name;
  point.network = std::move(fresh.network);
  point.model = fresh.model;
  point.theta = std::move(fresh.theta);
  point.standardization = std::move(fresh.standardization);
  point.data = std::move(fresh.train);
  return point;
}

/// Collective. As it stands in a checkpoint.
Point stored_point(const communication::Communicator& ranks, const CommandLine& line, const std::string& set,
                   Settings& settings) {
  const StoredRun run = open_stored_run(ranks, line, {"data.microbatch"}, settings);
  StoredModel stored = load_model(ranks, run, settings);
  std::unique_ptr<const data::Reader> reader = set == "data.train"
                                                   ? open_training_rows(ranks, settings, run.problem.encoding)
                                                   : open_test_rows(ranks, settings, run.problem.encoding);
  check_columns(*reader, run.problem);
  check_tokens(*reader, settings);
  const std::uint64_t block_rows = streamed_block_rows(ranks, settings, *reader);
  Point point;
  point.text = run.path + " (step " + reporting::grouped(stored.steps) + ")";
  point.checkpoint = run.path;
  point.steps = stored.steps;
  point.network = make_network<double>(ranks, settings, run.problem);
  point.model = point.network.get();
  point.theta = std::move(stored.theta);
  point.standardization = std::move(stored.standardization);
  point.data = std::make_unique<data::Dataset<double>>(ranks, std::move(reader), settings.data.shards,
                                                       point.standardization, block_rows);
  return point;
}

}  // namespace

Point open_point(const communication::Communicator& ranks, const CommandLine& line, const std::string& set,
                 Settings& settings, config::Sources sources) {
  const bool stored = line.has("checkpoint");
  communication::agree(ranks, [&] {
    if (stored && line.has("config")) {
      throw core::UserError(
          "command line: --config stands for initial parameters, --checkpoint for those of a checkpoint, with its own "
          "configuration: give one of them");
    }
    if (!stored && set != "data.train") {
      throw core::UserError("command line: " + set + " goes with --checkpoint");
    }
  });
  Point point =
      stored ? stored_point(ranks, line, set, settings) : fresh_point(ranks, line, settings, std::move(sources));
  if (point.network) {
    training::check_observations(ranks, point.network->likelihood(), settings.model.likelihood, *point.data);
    training::check_features(ranks, *point.network, *point.data);
  }
  return point;
}

CommandOption initial_point_option() {
  return {"config", CommandOption::Value::required, "FILE", "configuration of a run: at its initial parameters"};
}

CommandOption stored_point_option() {
  return {"checkpoint", CommandOption::Value::required, "FILE",
          "at the parameters of a checkpoint; its configuration is the base"};
}

}  // namespace cauchy::cli

// cauchy find-rate: which learning rates make the objective fall.

#include <iostream>
#include <string>
#include <vector>

#include "cauchy/cli/arithmetic.hpp"
#include "cauchy/cli/commands.hpp"
#include "cauchy/cli/problem.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/cli/starting_point.hpp"
#include "cauchy/cli/training_run.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/communication/watchdog.hpp"
#include "cauchy/config/sources.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/optimize/range_test.hpp"
#include "cauchy/reporting/csv.hpp"
#include "cauchy/reporting/number.hpp"
#include "cauchy/storage/atomic_file.hpp"

namespace cauchy::cli {
namespace {

using reporting::exact_text;
using reporting::grouped;
using reporting::short_text;

optimize::RangeTestOptions options_of(const CommandLine& line) {
  const optimize::RangeTestOptions usual;
  const optimize::RangeTestOptions options{line.number("from", usual.first), line.number("to", usual.last),
                                           line.count("steps", usual.steps, 10, 1'000'000)};
  if (!(options.first > 0 && options.first < options.last)) {
    throw core::UserError("command line: --from " + short_text(options.first) + " --to " + short_text(options.last) +
                          ": rates rise from one above 0 to a larger one");
  }
  return options;
}

/// For the root.
void check_table(const CommandLine& line, const Settings& settings) {
  if (!line.has("output")) {
    return;
  }
  const std::string path = line.required("output");
  if (!path.ends_with(".csv")) {
    throw core::UserError("command line: --output " + path + ": the name must end in .csv");
  }
  check_output(path, {settings.data.train});
}

void check_method(const optimize::MethodOptions& options) {
  if (options.searches()) {
    throw core::UserError("optimizer.method = " + options.method + " finds ε itself: there is no rate to test");
  }
}

/// Collective. What training looks at beside the training data is not needed, and rates come from the test.
void leave_out(const communication::Communicator& ranks, Settings& settings) {
  for (const auto& [key, value] : {std::pair{"data.validation", ""},
                                   {"data.test", ""},
                                   {"optimizer.learning_rate", "1"},
                                   {"optimizer.schedule", "constant"},
                                   {"optimizer.warmup_steps", "0"}}) {
    settle(ranks, settings, key, value, "cauchy find-rate");
  }
}

std::string table_text(const optimize::RangeTest& test) {
  std::string text = reporting::csv_line({"step", "rate", "nll", "smoothed"});
  std::uint64_t step = 0;
  for (const optimize::TestedRate& tested : test.tested()) {
    text += reporting::csv_line(
        {std::to_string(++step), exact_text(tested.rate), exact_text(tested.nll), exact_text(tested.smoothed)});
  }
  return text;
}

std::string end_text(const optimize::RangeTest& test) {
  const std::string steps = grouped(test.tested().size());
  switch (test.end()) {
    case optimize::RangeTestEnd::all_tested:
      return "all " + steps + " steps were taken";
    case optimize::RangeTestEnd::rose:
      return "after " + steps + " steps, since the smoothed NLL had risen beyond four times the lowest";
    case optimize::RangeTestEnd::diverged:
      return "after " + steps + " steps, since the next one diverged";
  }
  return {};
}

void report(const optimize::RangeTest& test) {
  const optimize::TestedRate& first = test.tested().front();
  const optimize::TestedRate& last = test.tested().back();
  std::cout << "rates       " << short_text(first.rate, 3) << " to " << short_text(last.rate, 3) << "\nended       "
            << end_text(test) << "\n";
  const auto suggestion = test.suggestion();
  if (!suggestion) {
    std::cerr << "cauchy: warning: the NLL did not fall: "
              << (test.end() == optimize::RangeTestEnd::all_tested ? "try rates beyond --to, or more --steps"
                                                                   : "try rates below --from")
              << "\n";
    return;
  }
  std::cout << "steepest    at " << short_text(suggestion->steepest, 2)
            << " the smoothed NLL fell fastest\nlowest      at " << short_text(suggestion->lowest, 2)
            << " it was lowest\n\n[optimizer]\nlearning_rate = " << short_text(suggestion->rate(), 2)
            << "    # a tenth of the rate of the lowest NLL\n"
            << std::flush;
  if (suggestion->falls_to_last) {
    std::cerr << "cauchy: warning: the NLL still fell at the largest rate: a larger --to may find a larger one\n";
  }
}

core::ExitCode run_find_rate(const communication::Communicator& ranks, const CommandLine& line) {
  const core::Timer launch;
  optimize::RangeTestOptions options;
  Settings settings;
  config::Sources sources;
  communication::agree(ranks, [&] {
    options = options_of(line);
    sources.file = line.has("config") ? line.required("config") : "";
  });
  agree_on_arithmetic(ranks);
  sources.environment = config::environment_variables();
  sources.arguments = line.configuration();
  resolve_settings(ranks, sources, settings);
  communication::start_watchdog(ranks, settings.run.watchdog_seconds);
  communication::agree_on_root(ranks, [&] {
    check_table(line, settings);
    check_method(settings.method);
  });
  check_threads(ranks, settings.run.threads);
  leave_out(ranks, settings);
  const StartingPoint start = find_starting_point(ranks, std::nullopt, std::nullopt, settings);
  with_precision(settings.run.precision, [&]<typename Real>() {
    TrainingRun<Real> run(ranks, settings, start, launch);
    run.describe();
    const optimize::RangeTest test = run.test_rates(options);
    communication::agree_on_root(ranks, [&] {
      if (line.has("output")) {
        storage::write_text_file(line.required("output"), table_text(test));
      }
      report(test);
    });
  });
  return core::ExitCode::done;
}

}  // namespace

Command find_rate_command() {
  using Value = CommandOption::Value;
  const optimize::RangeTestOptions usual;
  return {{"find-rate",
           "Tests which learning rates make the NLL fall, by steps whose rate rises; suggests one.",
           "",
           {{"config", Value::required, "FILE", "configuration of a run, which is not started"},
            {"from", Value::required, "RATE", "of the first step: " + short_text(usual.first)},
            {"to", Value::required, "RATE", "of the last step: " + short_text(usual.last)},
            {"steps", Value::required, "NUMBER", "at most: " + std::to_string(usual.steps)},
            {"output", Value::required, "FILE.csv", "the NLL at each rate, for scripts/plot_rate.py"}},
           true},
          run_find_rate};
}

}  // namespace cauchy::cli

// cauchy check-gradient: whether the gradient that training follows is the derivative of what it minimises.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cauchy/cli/commands.hpp"
#include "cauchy/cli/gradient_table.hpp"
#include "cauchy/cli/point.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/cli/training_command.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/communication/channel.hpp"
#include "cauchy/data/sampler.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "cauchy/optimize/gradient_check.hpp"
#include "cauchy/reporting/number.hpp"
#include "cauchy/reporting/row_progress.hpp"
#include "cauchy/reporting/terminal.hpp"
#include "cauchy/training/objective.hpp"
#include "cauchy/training/reducer.hpp"
#include "cauchy/training/workers.hpp"

namespace cauchy::cli {
namespace {

using reporting::grouped;
using reporting::short_text;

constexpr std::uint64_t most_probes = 1'000'000;

optimize::GradientCheckOptions options_of(const CommandLine& line) {
  optimize::GradientCheckOptions options;
  options.directions = line.count("directions", options.directions, 0, most_probes);
  options.coordinates = line.count("coordinates", options.coordinates, 0, most_probes);
  if (options.directions + options.coordinates == 0) {
    throw core::UserError("command line: --directions 0 and --coordinates 0 leave nothing to check");
  }
  return options;
}

/// The objective of training with all of its gradient: where a weight is not 0, the L1 penalty has one, which training
/// leaves to proximal steps.
class WholeGradient final : public optimize::Objective<double> {
 public:
  WholeGradient(training::DistributedObjective<double>& objective, const model::ParameterLayout& layout, double l1)
      : objective_(objective), layout_(layout), l1_(l1) {}

  double value_and_gradient(std::span<const double> x, std::span<double> gradient) override {
    const double value = objective_.value_and_gradient(x, gradient);
    for (const model::Tensor& tensor : layout_.tensors()) {
      for (std::size_t i = tensor.offset; tensor.penalized() && l1_ > 0 && i < tensor.offset + tensor.size; ++i) {
        gradient[i] += x[i] == 0 ? 0 : std::copysign(l1_, x[i]);
      }
    }
    return value;
  }

 private:
  training::DistributedObjective<double>& objective_;
  const model::ParameterLayout& layout_;
  double l1_;
};

/// Probes keep padding as it is, and weights of 0, where the L1 penalty has no derivative.
std::vector<bool> moving_elements(const model::ParameterLayout& layout, std::span<const double> theta, double l1) {
  std::vector<bool> moves(layout.padded_size(), false);
  for (const model::Tensor& tensor : layout.tensors()) {
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
      moves[i] = l1 == 0 || !tensor.penalized() || theta[i] != 0;
    }
  }
  return moves;
}

std::string head_text(const Point& point, const Settings& settings, const optimize::GradientCheck& check) {
  const data::Dataset<double>& train = *point.data;
  const std::span<const double> gradient = check.gradient();
  return "point       " + point.text + ": " + grouped(point.model->layout().parameter_count()) +
         " parameters\ndata        " + train.source().path + ": " + grouped(train.shape().rows) + " samples in " +
         grouped(settings.data.shards) + " shards, all at once, in double precision\nobjective   " +
         short_text(check.value(), 10) + ", with rounding noise of about " + short_text(check.noise(), 2) +
         "; gradient norm " + short_text(linear_algebra::norm<double>(gradient), 10) + "\n" +
         (settings.model.dropout > 0 ? "dropout     the masks of the first epoch, at every point\n" : "") + "\n";
}

/// Collective. All ranks find the same.
std::vector<CheckedPart> check_parts(optimize::GradientCheck& check, const model::ParameterLayout& layout) {
  std::vector<CheckedPart> parts;
  for (const model::Tensor& tensor : layout.tensors()) {
    parts.push_back(
        {tensor.path(), tensor.shape, tensor.offset, check.check_part(tensor.offset, tensor.offset + tensor.size)});
  }
  parts.push_back({"all together", {}, 0, check.check_whole()});
  return parts;
}

/// How many probes there will be.
std::uint64_t count_probes(const optimize::GradientCheckOptions& options, const model::ParameterLayout& layout,
                           const std::vector<bool>& moves) {
  std::uint64_t probes = options.directions;
  for (const model::Tensor& tensor : layout.tensors()) {
    const auto first = moves.begin() + static_cast<std::ptrdiff_t>(tensor.offset);
    const auto moving =
        static_cast<std::uint64_t>(std::count(first, first + static_cast<std::ptrdiff_t>(tensor.size), true));
    probes += std::min(options.coordinates, moving) + (moving > 0 ? options.directions : 0);
  }
  return probes;
}

/// Collective. Throws an agreed core::Error with code check_failed if some derivative differs.
void report(const communication::Communicator& ranks, const std::vector<CheckedPart>& parts,
            std::uint64_t evaluations) {
  const std::string failed = parts_that_differ(parts);
  const std::string unchecked = parts_without_comparison(parts);
  if (ranks.is_root()) {
    std::cout << gradient_table(parts) << "\n" << probe_lines(parts) << "evaluations " << grouped(evaluations) << "\n";
    std::cout << (failed.empty() ? "passed      " : "FAILED      ") << tally_text(parts) << std::endl;
    if (!unchecked.empty()) {
      std::cerr << "cauchy: warning: this says nothing of " << unchecked
                << ": at this point J does not depend on them, rounding hides how it does, or all probes met kinks; "
                   "another point may tell more (--checkpoint FILE, --run.seed, --coordinates)\n";
    }
  }
  if (!failed.empty()) {
    throw core::Error(core::ExitCode::check_failed,
                      "the gradient is not the derivative of the objective: " + failed + "; see the table")
        .as_agreed();
  }
}

/// Collective.
void check_point(const communication::Communicator& ranks, const Settings& settings, const Point& point,
                 optimize::GradientCheckOptions options) {
  const model::Model<double>& model = *point.model;
  const data::Dataset<double>& train = *point.data;
  core::PhaseSeconds seconds;
  communication::Channel channel(ranks, seconds, communication::Channel::Overlap::off);
  const data::Sampler sampler(
      {train.shape().rows, settings.data.shards, 0, settings.data.block_rows, settings.run.seed});
  const std::uint64_t microbatch = settings.data.rows_of_a_pass();
  std::optional<training::Workers<double>> workers;
  std::unique_ptr<training::Reducer<double>> reducer;
  std::optional<training::DistributedObjective<double>> objective;
  communication::agree(ranks, [&] {
    workers.emplace(model, training::DistributedObjective<double>::pass_samples(microbatch, sampler),
                    settings.run.threads, seconds);
    reducer = training::make_exact_reducer<double>(model.layout(), channel, reduction::Width::int64,
                                                   settings.data.shards, settings.run.threads, {});
    objective.emplace(
        training::ObjectiveParts<double>{model, train, sampler, *reducer, *workers, channel, seconds},
        training::ObjectiveSettings{.l2 = settings.model.l2, .l1 = settings.model.l1, .microbatch = microbatch});
  });
  objective->select({}, {});
  WholeGradient whole(*objective, model.layout(), settings.model.l1);
  const std::vector<bool> moves = moving_elements(model.layout(), point.theta, settings.model.l1);
  options.seed = settings.run.seed;
  // On a terminal alone: the output is the same on any number of ranks, however long they take.
  std::optional<reporting::RowProgress> progress;
  std::uint64_t probes = 0;
  options.probed = [&] {
    if (progress) {
      progress->advance(++probes);
    }
  };
  optimize::GradientCheck check(whole, point.theta, options, [&](std::size_t element) { return moves[element]; });
  if (ranks.is_root()) {
    std::cout << head_text(point, settings, check) << std::flush;
    if (reporting::output_is_terminal()) {
      progress.emplace(std::cout, true, "checked", count_probes(options, model.layout(), moves), "derivatives");
    }
  }
  const std::vector<CheckedPart> parts = check_parts(check, model.layout());
  progress.reset();
  report(ranks, parts, check.evaluations());
}

core::ExitCode run_check_gradient(const communication::Communicator& ranks, const CommandLine& line) {
  optimize::GradientCheckOptions options;
  communication::agree(ranks, [&] { options = options_of(line); });
  Settings settings;
  const Point point = open_point(ranks, line, "data.train", settings);
  check_point(ranks, settings, point, options);
  return core::ExitCode::done;
}

}  // namespace

core::ExitCode check_gradient(const communication::Communicator& ranks, const CommandLine& line, Settings& settings,
                              config::Sources sources) {
  const Point point = open_point(ranks, line, "data.train", settings, std::move(sources));
  check_point(ranks, settings, point, {});
  return core::ExitCode::done;
}

Command check_gradient_command() {
  using Value = CommandOption::Value;
  const optimize::GradientCheckOptions usual;
  return {{"check-gradient",
           "Compares the gradient of the objective with differences of it; exit code 6 if they differ.",
           "",
           {initial_point_option(),
            stored_point_option(),
            {"directions", Value::required, "NUMBER",
             "random ones, of each tensor and of all together: " + std::to_string(usual.directions)},
            {"coordinates", Value::required, "NUMBER", "of each tensor: " + std::to_string(usual.coordinates)}},
           true},
          run_check_gradient};
}

}  // namespace cauchy::cli

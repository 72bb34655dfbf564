// Fits a model of one's own under MPI.

#include "cauchy/library/fit.hpp"

#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <span>
#include <utility>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/cli/command_line.hpp"
#include "cauchy/cli/failure.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/cli/training_command.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/communication/session.hpp"
#include "cauchy/config/help.hpp"
#include "cauchy/config/sources.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/training/state.hpp"
#include "cauchy/training/stop_reason.hpp"
#include "problem_model.hpp"

namespace cauchy::library {

struct Job::CommandLine {
  cli::CommandLine line;
};

namespace {

/// The end of a body whose fit has nothing to give.
struct Ended {
  core::ExitCode code;
};

cli::CommandSyntax syntax_of(const std::string& program) {
  cli::CommandSyntax syntax;
  syntax.program = program;
  syntax.summary = "Fits a model of its own with Cauchy; run it under mpirun or srun for several ranks.";
  syntax.options = cli::training_options();
  syntax.options.push_back({"check-gradient", cli::CommandOption::Value::none, "",
                            "compare the gradient with differences of the objective, and end; exit code 6 if they "
                            "differ"});
  syntax.takes_configuration = true;
  return syntax;
}

std::string help_of(const cli::CommandSyntax& syntax) {
  cli::Settings settings;
  return cli::help_text(syntax) +
         "\nConfiguration keys: command line over environment (CAUCHY_SECTION__KEY) over file over what the program "
         "sets.\nOf [model] this program has l1, l2 and initial.\n\n" +
         config::help_text(settings.schema);
}

/// What ranks must have in common before they can even disagree in order.
std::string summary_of(const ProblemModel& model, const Data& data) {
  std::string text;
  for (const model::Tensor& tensor : model.layout().tensors()) {
    text += tensor.path() + " of " + std::to_string(tensor.size) + ", ";
  }
  const auto add = [&](const char* name, const std::optional<Rows>& rows) {
    text += rows ? std::string(name) + " " : "";
  };
  add("train", data.train);
  add("validation", data.validation);
  add("test", data.test);
  return text;
}

/// Collective.
void require_same(const communication::Communicator& ranks, const std::string& text) {
  std::string of_root = text;
  ranks.broadcast(of_root);
  communication::agree(ranks, [&] {
    if (text != of_root) {
      throw core::UserError("ranks fit different problems: the root has " + of_root + "; this one " + text);
    }
  });
}

cli::OwnProblem own_problem(const Problem& problem, const ProblemModel& model, const Data& data) {
  const Description& description = problem.description();
  cli::OwnProblem own{&model, description.name, description.inputs, description.targets, {}};
  const auto add = [&](const char* key, const std::optional<Rows>& rows) {
    if (rows) {
      own.rows[key] = std::make_shared<const Rows>(*rows);
    }
  };
  add("data.train", data.train);
  add("data.validation", data.validation);
  add("data.test", data.test);
  return own;
}

Fit fit_of(const ProblemModel& model, const training::TrainingState<double>& state) {
  const std::span<const double> theta = state.method.x;
  Fit fit;
  for (const std::span<const double> tensor : model.tensors(theta)) {
    fit.parameters.emplace_back(tensor.begin(), tensor.end());
  }
  fit.stopped_by = training::stop_reason_name(state.stop);
  fit.steps = state.stopping.steps;
  fit.nll = state.stopping.nll;
  fit.gradient_norm = state.stopping.gradient_norm;
  fit.digest = checkpoint::parameters_digest<double>(model.layout(), theta);
  return fit;
}

/// Collective.
core::ExitCode run_body(const communication::Communicator& ranks, std::span<char* const> arguments,
                        const std::function<void(Job&)>& body) {
  Job::CommandLine given{cli::CommandLine({}, {})};
  const cli::CommandSyntax syntax = syntax_of(std::filesystem::path(arguments[0]).filename().string());
  communication::agree(ranks, [&] {
    const std::vector<std::string> words(arguments.begin() + 1, arguments.end());
    given.line = cli::CommandLine(syntax, words);
  });
  if (given.line.has("help")) {
    if (ranks.is_root()) {
      std::cout << help_of(syntax);
    }
    return core::ExitCode::done;
  }
  Job job(ranks, given);
  try {
    body(job);
  } catch (const Ended& ended) {
    return ended.code;
  }
  return core::ExitCode::done;
}

}  // namespace

Fit Job::fit(const Problem& problem, const Data& data, const std::string& settings) {
  std::unique_ptr<const ProblemModel> model;
  communication::agree(ranks_, [&] { model = std::make_unique<const ProblemModel>(problem); });
  require_same(ranks_, summary_of(*model, data));
  cli::Settings all;
  all.own = own_problem(problem, *model, data);
  config::Sources sources;
  sources.stored = settings;
  sources.stored_name = "the program";
  if (line_.line.has("check-gradient")) {
    throw Ended{cli::check_gradient(ranks_, line_.line, all, std::move(sources))};
  }
  Fit fit;
  const auto finished = [&](const training::TrainingState<double>& state) { fit = fit_of(*model, state); };
  const core::ExitCode code = cli::train(ranks_, line_.line, all, std::move(sources), finished);
  if (code != core::ExitCode::done || line_.line.has("dry-run")) {
    throw Ended{code};
  }
  return fit;
}

int run(int argc, char** argv, const std::function<void(Job&)>& body) {
  try {
    const communication::Session session(argc, argv);
    const std::span<char* const> arguments(argv, static_cast<std::size_t>(argc));
    return static_cast<int>(
        cli::end_in_order(session.world(), [&] { return run_body(session.world(), arguments, body); }));
  } catch (const std::exception& error) {
    std::cerr << "cauchy: error: " << error.what() << std::endl;
    communication::abort(static_cast<int>(core::ExitCode::internal_error));
  }
}

}  // namespace cauchy::library

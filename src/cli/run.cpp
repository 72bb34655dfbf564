// The program: one command on all ranks.

#include "cauchy/cli/run.hpp"

#include <algorithm>
#include <iostream>
#include <vector>

#include "cauchy/cli/commands.hpp"
#include "cauchy/cli/failure.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/config/help.hpp"
#include "cauchy/core/version.hpp"
#include "cauchy/linear_algebra/product.hpp"

namespace cauchy::cli {
namespace {

std::vector<Command> commands() {
  return {train_command(),     evaluate_command(),  predict_command(), coefficients_command(), check_gradient_command(),
          find_rate_command(), landscape_command(), inspect_command(), convert_command()};
}

std::string overview() {
  std::string text = "Cauchy " + std::string(core::version()) +
                     ": maximum likelihood by gradient descent, distributed over MPI ranks.\n\n"
                     "usage: cauchy COMMAND [options]\n"
                     "       mpirun -n RANKS cauchy train --config FILE [--section.key=value ...] [--resume]\n\n";
  for (const Command& command : commands()) {
    text +=
        "  " + command.syntax.name + std::string(16 - command.syntax.name.size(), ' ') + command.syntax.summary + "\n";
  }
  return text + "\n  --version, --help, COMMAND --help\n";
}

std::string version_text() {
  return "cauchy " + std::string(core::version()) + " (" + std::string(core::revision()) + "), products by " +
         std::string(linear_algebra::product_backend<float>()) + " with " +
         std::string(linear_algebra::instruction_set()) + "\n";
}

std::string help_of(const Command& command) {
  std::string text = help_text(command.syntax);
  if (command.syntax.takes_configuration) {
    Settings settings;
    text += "\nConfiguration keys: command line over environment (CAUCHY_SECTION__KEY) over file over default.\n\n" +
            config::help_text(settings.schema);
  }
  return text;
}

core::ExitCode run_command(const communication::Communicator& ranks, std::span<const std::string> arguments) {
  const std::string name = arguments.empty() ? "" : arguments[0];
  if (name == "--help" || name == "help" || name == "--version") {
    if (ranks.is_root()) {
      std::cout << (name == "--version" ? version_text() : overview());
    }
    return core::ExitCode::done;
  }
  const std::vector<Command> all = commands();
  const auto command =
      std::find_if(all.begin(), all.end(), [&](const Command& candidate) { return candidate.syntax.name == name; });
  if (command == all.end()) {
    throw core::UserError((name.empty() ? "no command" : "unknown command " + name) + "\n\n" + overview()).as_agreed();
  }
  CommandLine line({}, {});
  communication::agree(ranks, [&] { line = CommandLine(command->syntax, arguments.subspan(1)); });
  if (line.has("help")) {
    if (ranks.is_root()) {
      std::cout << help_of(*command);
    }
    return core::ExitCode::done;
  }
  const core::ExitCode code = command->run(ranks, line);
  communication::agree_on_root(ranks, [] {
    if (!std::cout.flush()) {
      throw core::InputOutputError("standard output cannot be written");
    }
  });
  return code;
}

}  // namespace

core::ExitCode run(const communication::Communicator& ranks, std::span<const std::string> arguments) {
  return end_in_order(ranks, [&] { return run_command(ranks, arguments); });
}

}  // namespace cauchy::cli

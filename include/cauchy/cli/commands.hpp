#pragma once
/// The commands. Each is collective, takes the arguments behind its name, and returns the exit code.

#include "cauchy/cli/command_line.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::cli {

/// A command under its name.
struct Command {
  CommandSyntax syntax;
  core::ExitCode (*run)(const communication::Communicator& ranks, const CommandLine& line);
};

Command train_command();
Command evaluate_command();
Command predict_command();
Command coefficients_command();
Command check_gradient_command();
Command find_rate_command();
Command landscape_command();
Command inspect_command();
Command convert_command();

}  // namespace cauchy::cli

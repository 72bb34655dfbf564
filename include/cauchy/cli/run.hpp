#pragma once
/// The program: one command on all ranks.

#include <span>
#include <string>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::cli {

/// Collective. Runs the command that the arguments name (argv without the program). An error that all ranks agree on is
/// reported by the root and returned as exit code; any other ends every rank of the job.
core::ExitCode run(const communication::Communicator& ranks, std::span<const std::string> arguments);

}  // namespace cauchy::cli

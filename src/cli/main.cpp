// Cauchy: maximum likelihood by gradient descent, distributed over MPI ranks.

#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "cauchy/cli/run.hpp"
#include "cauchy/communication/session.hpp"
#include "cauchy/core/error.hpp"

int main(int argc, char** argv) {
  try {
    const cauchy::communication::Session session(argc, argv);
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    return static_cast<int>(cauchy::cli::run(session.world(), arguments));
  } catch (const std::exception& error) {
    std::cerr << "cauchy: error: " << error.what() << std::endl;
    cauchy::communication::abort(static_cast<int>(cauchy::core::ExitCode::internal_error));
  }
}

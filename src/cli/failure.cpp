// The end of a job by an error that one rank alone knows of.

#include "cauchy/cli/failure.hpp"

#include <exception>
#include <iostream>
#include <new>
#include <string>

#include "cauchy/core/error.hpp"

namespace cauchy::cli {
namespace {

[[noreturn]] void end_job(const communication::Communicator& ranks, core::ExitCode code, const char* message) {
  const std::string who = ranks.size() > 1 ? "rank " + std::to_string(ranks.rank()) + ": " : "";
  std::cerr << "cauchy: error: " + who + message + "\n" << std::flush;  // in one piece: other ranks may be talking too
  ranks.abort(static_cast<int>(code));
}

}  // namespace

void fail_alone(const communication::Communicator& ranks) noexcept {
  try {
    throw;
  } catch (const core::Error& error) {
    end_job(ranks, error.code(), error.what());
  } catch (const std::bad_alloc&) {
    end_job(ranks, core::ExitCode::internal_error, "out of memory");
  } catch (const std::exception& error) {
    end_job(ranks, core::ExitCode::internal_error, error.what());
  }
}

}  // namespace cauchy::cli

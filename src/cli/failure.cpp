// The end of a job by an error.

#include "cauchy/cli/failure.hpp"

#include <array>
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>

namespace cauchy::cli {
namespace {

[[noreturn]] void end_job(const communication::Communicator& ranks, core::ExitCode code, const char* message) noexcept {
  // In one piece, since other ranks may be talking too, and without memory of its own, of which there may be none.
  std::array<char, 4096> text;
  if (ranks.size() > 1) {
    std::snprintf(text.data(), text.size(), "cauchy: error: rank %d: %.4000s\n", ranks.rank(), message);
  } else {
    std::snprintf(text.data(), text.size(), "cauchy: error: %.4000s\n", message);
  }
  std::cerr << text.data() << std::flush;
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
  } catch (...) {
    end_job(ranks, core::ExitCode::internal_error, "an unknown error");
  }
}

core::ExitCode end_in_order(const communication::Communicator& ranks, const std::function<core::ExitCode()>& work) {
  try {
    return work();
  } catch (const core::Error& error) {
    if (!error.agreed()) {
      fail_alone(ranks);
    }
    if (ranks.is_root()) {
      std::cerr << "cauchy: error: " << error.what() << std::endl;
    }
    return error.code();
  } catch (...) {
    fail_alone(ranks);
  }
}

}  // namespace cauchy::cli

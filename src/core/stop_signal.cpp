// Requests to stop from outside.

#include "cauchy/core/stop_signal.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "cauchy/core/error.hpp"

namespace cauchy::core {
namespace {

volatile std::sig_atomic_t requested = 0;
volatile std::sig_atomic_t interrupted = 0;

extern "C" void request_stop(int signal) {
  requested = 1;
  if (signal != SIGINT) {
    return;
  }
  if (interrupted != 0) {
    const int error_of_interrupted_call = errno;
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    errno = error_of_interrupted_call;
  }
  interrupted = 1;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  if (sigaction(signal, &action, nullptr) != 0) {
    throw Error(ExitCode::internal_error, std::string("sigaction failed: ") + std::strerror(errno));
  }
}

}  // namespace

void watch_stop_signals() {
  for (const int signal : {SIGUSR1, SIGTERM, SIGINT}) {
    handle(signal, request_stop);
  }
  // A file larger than the user's limit is an error of the call that writes it, not the end of the process.
  handle(SIGXFSZ, SIG_IGN);
}

bool stop_requested() noexcept {
  return requested != 0;
}

}  // namespace cauchy::core

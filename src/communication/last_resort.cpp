// An alarm signal whose handler ends the process.

#include "last_resort.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

namespace cauchy::communication {
namespace {

constexpr unsigned abort_seconds = 5;
constexpr const char* words = "cauchy: error: MPI_Abort does not end this process: it ends itself\n";

std::atomic<int> code = 1;

extern "C" void end_process(int /*signal*/) {
  // Nothing is left to do about a standard error that takes no words.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, words, std::strlen(words));
  ::_exit(code);
}

}  // namespace

void limit_abort(int exit_code) noexcept {
  code = exit_code;
  struct sigaction action {};
  action.sa_handler = end_process;
  sigemptyset(&action.sa_mask);
  sigaction(SIGALRM, &action, nullptr);
  sigset_t alarm_only;
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &alarm_only, nullptr);
  ::alarm(abort_seconds);
}

}  // namespace cauchy::communication

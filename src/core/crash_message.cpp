// Words for crashes.

#include "cauchy/core/crash_message.hpp"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <mutex>

#include "cauchy/core/error.hpp"

namespace cauchy::core {
namespace {

constexpr std::array signals = {SIGSEGV, SIGBUS, SIGFPE};
std::array<struct sigaction, signals.size()> earlier;  // set once, before the first message
thread_local const std::string* current = nullptr;

extern "C" void tell_crash(int signal) {
  if (current != nullptr) {
    const auto written = ::write(STDERR_FILENO, current->data(), current->size());
    ::_exit(static_cast<int>(written < 0 ? ExitCode::internal_error : ExitCode::user_error));
  }
  // As if this had never been here, for a fault and for a signal that somebody has sent.
  for (std::size_t i = 0; i < signals.size(); ++i) {
    if (signals[i] == signal) {
      sigaction(signal, &earlier[i], nullptr);
    }
  }
  ::raise(signal);
}

void watch_crashes() {
  struct sigaction action {};
  action.sa_handler = tell_crash;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    sigaction(signals[i], &action, &earlier[i]);
  }
}

}  // namespace

CrashMessage::CrashMessage(const std::string& message) : text_("cauchy: error: " + message + "\n"), outer_(current) {
  static std::once_flag once;
  std::call_once(once, watch_crashes);
  current = &text_;
}

CrashMessage::~CrashMessage() {
  current = outer_;
}

}  // namespace cauchy::core

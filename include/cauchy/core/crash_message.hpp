#pragma once
/// Words for crashes of libraries that read damaged files.

#include <string>

namespace cauchy::core {

/// While it lives, SIGSEGV, SIGBUS or SIGFPE on this thread ends the process with a message and the exit code of a
/// user's error, where it would have ended by the signal. Of several the last one speaks.
///
///     const CrashMessage message("data.h5: is damaged");
///     H5Fopen(...);
class CrashMessage {
 public:
  explicit CrashMessage(const std::string& message);
  ~CrashMessage();
  CrashMessage(const CrashMessage&) = delete;
  CrashMessage& operator=(const CrashMessage&) = delete;

 private:
  std::string text_;
  const std::string* outer_;
};

}  // namespace cauchy::core

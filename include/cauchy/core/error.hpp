#pragma once
/// Errors that end a command, and the exit codes that scripts act on.

#include <stdexcept>
#include <string>

namespace cauchy::core {

/// Exit codes of the program; each number is a promise to scripts.
enum class ExitCode : int {
  done = 0,
  internal_error = 1,
  user_error = 2,    ///< usage, configuration or data
  diverged = 3,      ///< NaN or infinity in loss or gradient
  input_output = 4,  ///< a file could not be read or written
  lost = 5,          ///< a rank, a link or memory is not to be trusted any more: resume elsewhere
  check_failed = 6,  ///< what was checked, such as a gradient, is not what it should be
  stopped = 75,      ///< stopped on request with a checkpoint: start again with --resume
};

/// An error whose message is meant for the user: it names the file, key, row or rank at fault, and ends with a hint
/// where there is one.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  ExitCode code() const noexcept { return code_; }

  /// True if every rank throws this same error at the same place, so that the root alone may report it and every
  /// rank may leave in order. An error that is not agreed upon must abort the other ranks.
  bool agreed() const noexcept { return agreed_; }
  Error as_agreed() const {
    Error copy = *this;
    copy.agreed_ = true;
    return copy;
  }

 private:
  ExitCode code_;
  bool agreed_ = false;
};

/// The user's mistake: usage, configuration or data. Exit code 2.
class UserError : public Error {
 public:
  explicit UserError(const std::string& message) : Error(ExitCode::user_error, message) {}
};

/// A file system or file format failure. Exit code 4.
class InputOutputError : public Error {
 public:
  explicit InputOutputError(const std::string& message) : Error(ExitCode::input_output, message) {}
};

}  // namespace cauchy::core

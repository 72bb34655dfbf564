#pragma once
/// What this process is doing, for a thread that watches whether it goes on.

#include <cstdint>

namespace cauchy::core {

/// The name of an operation, which lives as long as the program: a constant such as "reading data".
class OperationName {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a constant stands where a name is wanted
  consteval OperationName(const char* text) : text_(text) {}
  const char* text() const { return text_; }

 private:
  const char* text_;
};

/// One piece of work is done: a step, a microbatch, a collective, some megabytes read or written. From any thread.
/// Whatever may take long notes progress often, since a process that notes none for long is taken for hung.
void note_progress() noexcept;

/// The step that is being computed, counted from 1.
void set_step(std::uint64_t step) noexcept;

/// Names what the process does while it lives; after that it does what it did before. The main thread alone speaks for
/// the process: elsewhere this does nothing.
///
///     const Doing doing("reading data");
class Doing {
 public:
  explicit Doing(OperationName operation) noexcept : Doing(operation, false) {}
  ~Doing();
  Doing(const Doing&) = delete;
  Doing& operator=(const Doing&) = delete;

 protected:
  Doing(OperationName operation, bool waits) noexcept;

 private:
  const char* operation_before_;
  bool waits_before_;
};

/// The same for what ends only with the help of other ranks.
class Waiting : public Doing {
 public:
  explicit Waiting(OperationName operation) noexcept : Doing(operation, true) {}
};

/// The same for a collective operation, which ends when all ranks have joined it: it is counted, and its end is
/// progress, on any thread.
class Joining : public Waiting {
 public:
  explicit Joining(OperationName operation) noexcept;
  ~Joining() { note_progress(); }
  Joining(const Joining&) = delete;
  Joining& operator=(const Joining&) = delete;
};

struct Activity {
  std::uint64_t progress = 0;     ///< pieces of work done
  std::uint64_t step = 0;         ///< 0: no step yet
  std::uint64_t collectives = 0;  ///< started, the same number on all ranks that are at the same place
  const char* operation = "";
  bool waits = false;  ///< whether the operation ends only with the help of other ranks
};

/// From any thread. Its members may belong to moments that lie a little apart.
Activity activity() noexcept;

}  // namespace cauchy::core

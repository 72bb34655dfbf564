#pragma once
/// The life of MPI in this process.

#include "cauchy/communication/communicator.hpp"

namespace cauchy::communication {

/// Initialises MPI, and finalizes it when all went well. While an exception unwinds, other ranks may be waiting in a
/// collective, and finalizing would wait with them for ever: then it does nothing, and main() must call abort().
class Session {
 public:
  /// Collective.
  Session(int& argc, char**& argv);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// All ranks of the job.
  const Communicator& world() const { return world_; }

 private:
  Communicator world_;
  int exceptions_at_start_;
};

/// Whether MPI may be used in a process that has several threads, of which one calls it.
bool allows_threads();

/// Ends every rank of the job with this exit code; where there is a session, its ranks' abort() is the better one.
[[noreturn]] void abort(int exit_code) noexcept;

}  // namespace cauchy::communication

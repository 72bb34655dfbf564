#pragma once
/// What a Communicator holds.

#include <mpi.h>

#include <memory>

#include "cauchy/communication/communicator.hpp"
#include "watch.hpp"

namespace cauchy::communication {

/// An MPI communicator, and who watches over it. Both are released by the session: destructors do not communicate.
struct Communicator::Handle {
  MPI_Comm comm = MPI_COMM_NULL;
  std::unique_ptr<Watch> watch;  ///< none, unless start_watchdog() was called
};

}  // namespace cauchy::communication

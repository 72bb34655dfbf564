#pragma once
/// What a Communicator holds.

#include <mpi.h>

#include "cauchy/communication/communicator.hpp"

namespace cauchy::communication {

/// An MPI communicator. It is released by the session, before MPI ends: destructors do not communicate.
struct Communicator::Handle {
  MPI_Comm comm = MPI_COMM_NULL;
};

}  // namespace cauchy::communication

// The life of MPI in this process.

#include "cauchy/communication/session.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>

#include "cauchy/core/activity.hpp"
#include "checked.hpp"
#include "communicator_handle.hpp"
#include "last_resort.hpp"

namespace cauchy::communication {

Session::Session(int& argc, char**& argv) : exceptions_at_start_(std::uncaught_exceptions()) {
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  // Errors come back as return codes, so that they can be told in our words.
  check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  MPI_Comm& comm = world_.handle_->comm;
  check(MPI_Comm_dup(MPI_COMM_WORLD, &comm), "MPI_Comm_dup");
  check(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check(MPI_Comm_rank(comm, &world_.rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(comm, &world_.size_), "MPI_Comm_size");
}

Session::~Session() {
  if (std::uncaught_exceptions() > exceptions_at_start_) {
    return;
  }
  // The work is done; what MPI refuses now can only be told. The watch goes on: this may wait for ranks that are lost.
  const core::Joining joining("MPI_Finalize");
  if (MPI_Comm_free(&world_.handle_->comm) != MPI_SUCCESS || MPI_Finalize() != MPI_SUCCESS) {
    std::cerr << "cauchy: warning: MPI did not end in order\n";
  }
  world_.handle_->watch.reset();
}

bool allows_threads() {
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Query_thread(&provided), "MPI_Query_thread");
  return provided >= MPI_THREAD_FUNNELED;
}

void abort(int exit_code) noexcept {
  int running = 0;
  if (MPI_Initialized(&running) == MPI_SUCCESS && running != 0) {
    limit_abort(exit_code);
    MPI_Abort(MPI_COMM_WORLD, exit_code);
  }
  std::_Exit(exit_code);
}

}  // namespace cauchy::communication

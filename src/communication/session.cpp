// The life of MPI in this process.

#include "cauchy/communication/session.hpp"

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <system_error>

#include "cauchy/core/activity.hpp"
#include "checked.hpp"
#include "communicator_handle.hpp"
#include "last_resort.hpp"

namespace cauchy::communication {
namespace {

/// Whether mpirun or srun say that they started ranks on more than one host.
bool launched_on_hosts() {
  const auto number = [](const char* name) {
    const char* text = std::getenv(name);
    return text != nullptr ? std::atoi(text) : 0;
  };
  return number("OMPI_COMM_WORLD_SIZE") > number("OMPI_COMM_WORLD_LOCAL_SIZE") || number("SLURM_STEP_NUM_NODES") > 1;
}

/// What serves this program better than Open MPI's defaults; what the environment or mpirun set stays.
void prefer_settings() {
  const auto prefer = [](const char* name, const char* value) {
    if (setenv(name, value, 0) != 0) {
      throw std::system_error(errno, std::generic_category(), "setenv");
    }
  };
  // By default parts of long messages are asked for by messages that wait behind such parts.
  prefer("OMPI_MCA_btl_tcp_flags", "send,inplace");
  if (launched_on_hosts()) {
    // A network takes longer than the system call by which a waiting thread leaves its core to one that computes.
    prefer("OMPI_MCA_mpi_yield_when_idle", "1");
  }
}

}  // namespace

Session::Session(int& argc, char**& argv) : exceptions_at_start_(std::uncaught_exceptions()) {
  prefer_settings();
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided), "MPI_Init_thread");
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

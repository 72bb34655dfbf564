#pragma once
/// What decides the last bits of every number, made the same on all ranks.

#include <cstdint>

#include "cauchy/communication/communicator.hpp"

namespace cauchy::cli {

/// Collective. Prepares products with the widest vector instructions that all ranks offer; call before the first
/// product. Throws an agreed core::UserError if the ranks run other builds of the program or other product libraries,
/// or under OpenMP settings that make products wrong.
void agree_on_arithmetic(const communication::Communicator& ranks);

/// Collective. Throws an agreed core::UserError if MPI allows no threads and more than one is asked for. Warns, on the
/// root's standard error, if some rank may use fewer cores than it has threads, with the option of mpirun that mends
/// it.
void check_threads(const communication::Communicator& ranks, std::uint64_t threads);

}  // namespace cauchy::cli

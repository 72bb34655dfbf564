#pragma once
/// What decides the last bits of every number, made the same on all ranks.

#include <cstdint>
#include <string>

#include "cauchy/communication/communicator.hpp"

namespace cauchy::cli {

/// Collective. Prepares products with the widest vector instructions that all ranks offer; call before the first
/// product. Throws an agreed core::UserError if the ranks run other builds of the program or other product libraries,
/// or under OpenMP settings that make products wrong.
void agree_on_arithmetic(const communication::Communicator& ranks);

/// Collective. A warning if some rank may use fewer cores than it has threads, with the option of mpirun that mends it;
/// empty if none.
std::string binding_warning(const communication::Communicator& ranks, std::uint64_t threads);

}  // namespace cauchy::cli

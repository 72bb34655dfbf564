#pragma once
/// The cores that this process may use.

#include <cstddef>

namespace cauchy::core {

/// How many cores the system lets this process run on: what mpirun or srun bind it to. Hardware threads of one core
/// count once. 0: unknown.
std::size_t allowed_cores();

}  // namespace cauchy::core

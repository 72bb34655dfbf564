#pragma once
/// The cores that this process may use.

#include <cstddef>

namespace cauchy::core {

/// How many processors the system lets this process run on; what mpirun or srun bind it to. 0: unknown.
std::size_t allowed_processors() noexcept;

}  // namespace cauchy::core

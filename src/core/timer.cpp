// Names of the phases.

#include "cauchy/core/timer.hpp"

namespace cauchy::core {

const char* phase_name(Phase phase) {
  static constexpr std::array<const char*, phase_count> names{"data", "compute", "communication", "checkpoint"};
  return names[static_cast<std::size_t>(phase)];
}

}  // namespace cauchy::core

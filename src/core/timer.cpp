// The clock of a thread, and names of the phases.

#include "cauchy/core/timer.hpp"

#include <ctime>

namespace cauchy::core {

double processor_seconds() {
  std::timespec time{};  // stays 0 where there is no such clock
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

const char* phase_name(Phase phase) {
  static constexpr std::array<const char*, phase_count> names{"data", "compute", "communication", "checkpoint"};
  return names[static_cast<std::size_t>(phase)];
}

}  // namespace cauchy::core

// The cores that this process may use.

#include "cauchy/core/affinity.hpp"

#include <sched.h>

#include <fstream>
#include <memory>
#include <set>
#include <string>

namespace cauchy::core {
namespace {

// More than any machine has; the kernel refuses a set that is smaller than its own.
constexpr int most_processors = 1 << 16;

/// A name that the hardware threads of a core share, such as "0,64".
std::string core_of(int processor) {
  std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(processor) + "/topology/thread_siblings_list");
  std::string siblings;
  return std::getline(file, siblings) ? siblings : std::to_string(processor);
}

}  // namespace

std::size_t allowed_cores() {
  struct FreeSet {
    void operator()(cpu_set_t* set) const { CPU_FREE(set); }
  };
  const std::unique_ptr<cpu_set_t, FreeSet> set(CPU_ALLOC(most_processors));
  const std::size_t bytes = CPU_ALLOC_SIZE(most_processors);
  if (!set || sched_getaffinity(0, bytes, set.get()) != 0) {
    return 0;
  }
  std::set<std::string> cores;
  for (int processor = 0; processor < most_processors; ++processor) {
    if (CPU_ISSET_S(static_cast<std::size_t>(processor), bytes, set.get())) {
      cores.insert(core_of(processor));
    }
  }
  return cores.size();
}

}  // namespace cauchy::core

// The cores that this process may use.

#include "cauchy/core/affinity.hpp"

#include <sched.h>

#include <memory>

namespace cauchy::core {
namespace {

// More than any machine has; the kernel refuses a set that is smaller than its own.
constexpr int most_processors = 1 << 16;

}  // namespace

std::size_t allowed_processors() noexcept {
  struct FreeSet {
    void operator()(cpu_set_t* set) const { CPU_FREE(set); }
  };
  const std::unique_ptr<cpu_set_t, FreeSet> set(CPU_ALLOC(most_processors));
  const std::size_t bytes = CPU_ALLOC_SIZE(most_processors);
  if (!set || sched_getaffinity(0, bytes, set.get()) != 0) {
    return 0;
  }
  return static_cast<std::size_t>(CPU_COUNT_S(bytes, set.get()));
}

}  // namespace cauchy::core

// What this process is doing, in atomic variables that need no order among each other.

#include "cauchy/core/activity.hpp"

#include <atomic>
#include <thread>

namespace cauchy::core {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

const std::thread::id main_thread = std::this_thread::get_id();

bool speaks_for_the_process() {
  return std::this_thread::get_id() == main_thread;
}

std::atomic<std::uint64_t> progress = 0;
std::atomic<std::uint64_t> current_step = 0;
std::atomic<std::uint64_t> collectives = 0;
std::atomic<const char*> current_operation = "starting";
std::atomic<bool> waits_for_ranks = false;

}  // namespace

void note_progress() noexcept {
  progress.fetch_add(1, relaxed);
}

void set_step(std::uint64_t step) noexcept {
  current_step.store(step, relaxed);
}

Doing::Doing(OperationName operation, bool waits) noexcept
    : operation_before_(current_operation.load(relaxed)), waits_before_(waits_for_ranks.load(relaxed)) {
  if (speaks_for_the_process()) {
    current_operation.store(operation.text(), relaxed);
    waits_for_ranks.store(waits, relaxed);
  }
}

Doing::~Doing() {
  if (speaks_for_the_process()) {
    waits_for_ranks.store(waits_before_, relaxed);
    current_operation.store(operation_before_, relaxed);
  }
}

Joining::Joining(OperationName operation) noexcept : Waiting(operation) {
  collectives.fetch_add(1, relaxed);
}

Activity activity() noexcept {
  return {progress.load(relaxed), current_step.load(relaxed), collectives.load(relaxed),
          current_operation.load(relaxed), waits_for_ranks.load(relaxed)};
}

}  // namespace cauchy::core

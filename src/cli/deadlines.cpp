// When a run has to end.

#include "cauchy/cli/deadlines.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace cauchy::cli {
namespace {

// Between the last checkpoint and the end of all processes, where a batch system ends the job.
constexpr double seconds_to_leave = 10;

/// When the batch system will end this job, in seconds since the launch; nothing if it does not say.
std::optional<double> job_end(const core::Timer& launch) {
  const char* text = std::getenv("SLURM_JOB_END_TIME");
  std::int64_t end = 0;
  if (text == nullptr || std::from_chars(text, text + std::strlen(text), end).ec != std::errc{} || end <= 0) {
    return std::nullopt;
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return launch.seconds() + static_cast<double>(end) - std::chrono::duration<double>(now).count();
}

}  // namespace

std::vector<training::Deadline> deadlines(const training::StopOptions& options, const core::Timer& launch) {
  std::vector<training::Deadline> result;
  if (options.max_seconds > 0) {
    result.push_back({options.max_seconds, training::StopReason::max_seconds});
  }
  if (const std::optional<double> end = job_end(launch)) {
    result.push_back({*end - seconds_to_leave, training::StopReason::job_end});
  }
  return result;
}

}  // namespace cauchy::cli

#pragma once
/// Wall-clock time, and where a run spends it.

#include <array>
#include <chrono>
#include <cstddef>

namespace cauchy::core {

/// Seconds since construction or restart, on the steady clock.
class Timer {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  void restart() { start_ = std::chrono::steady_clock::now(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Seconds that the calling thread has had a processor, since it started.
double processor_seconds();

/// What a rank does with its time; what is none of these is "other".
enum class Phase : std::size_t { data, compute, communication, checkpoint };
inline constexpr std::size_t phase_count = 4;
const char* phase_name(Phase phase);

/// Seconds by phase, indexed by Phase.
struct PhaseSeconds {
  std::array<double, phase_count> values{};

  double& operator[](Phase phase) { return values[static_cast<std::size_t>(phase)]; }
  double operator[](Phase phase) const { return values[static_cast<std::size_t>(phase)]; }
};

/// Adds its own lifetime to a phase.
class PhaseScope {
 public:
  PhaseScope(PhaseSeconds& seconds, Phase phase) : seconds_(seconds), phase_(phase) {}
  ~PhaseScope() { seconds_[phase_] += timer_.seconds(); }
  PhaseScope(const PhaseScope&) = delete;
  PhaseScope& operator=(const PhaseScope&) = delete;

 private:
  PhaseSeconds& seconds_;
  Phase phase_;
  Timer timer_;
};

}  // namespace cauchy::core

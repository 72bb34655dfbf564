// ε as a function of the step.

#include "cauchy/optimize/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cauchy::optimize {
namespace {

// Where one_cycle starts.
constexpr double first_factor = 1.0 / 25;

/// From `first` to `last` on half a cosine, 0 ≤ share ≤ 1.
double on_cosine(double first, double last, double share) {
  return last + (first - last) * (1 + std::cos(std::numbers::pi * share)) / 2;
}

}  // namespace

Schedule::Schedule(double learning_rate) : learning_rate_(learning_rate) {}

Schedule::Schedule(double learning_rate, const ScheduleOptions& options)
    : learning_rate_(learning_rate), options_(options) {
  if (options_.schedule == "one_cycle" && options_.warmup_steps == 0) {
    options_.warmup_steps = options_.schedule_steps * 3 / 10;
  }
}

double Schedule::rate(std::uint64_t number, const PlateauState& plateau) const {
  return learning_rate_ * factor(number, plateau);
}

double Schedule::factor(std::uint64_t number, const PlateauState& plateau) const {
  const std::string& name = options_.schedule;
  const std::uint64_t warmup = options_.warmup_steps;
  if (number <= warmup) {
    const double share = static_cast<double>(number) / static_cast<double>(warmup);
    return name == "one_cycle" ? on_cosine(first_factor, 1, share) : share;
  }
  const auto since = static_cast<double>(number - 1 - warmup);
  if (options_.has_end()) {
    const std::uint64_t steps = options_.schedule_steps > warmup ? options_.schedule_steps - warmup : 1;
    const double share = std::min(1.0, since / static_cast<double>(steps));
    const double last = options_.final_factor;
    return name == "linear" ? last + (1 - last) * (1 - share) : on_cosine(1, last, share);
  }
  if (options_.uses_decay_steps()) {
    const double intervals = since / static_cast<double>(options_.decay_steps);
    return name == "inverse_time" ? 1 / (1 + intervals)
                                  : std::pow(options_.decay, name == "step" ? std::floor(intervals) : intervals);
  }
  return name == "plateau" ? std::pow(options_.decay, static_cast<double>(plateau.reductions)) : 1;
}

void Schedule::note_validation(double nll, PlateauState& plateau) const {
  if (options_.schedule != "plateau") {
    return;
  }
  if (std::isfinite(nll) && (plateau.measured == 0 || nll < plateau.best)) {
    plateau.best = nll;
    plateau.waited = 0;
  } else if (++plateau.waited == options_.plateau_epochs) {
    ++plateau.reductions;
    plateau.waited = 0;
  }
  plateau.measured += std::isfinite(nll) ? 1 : 0;
}

}  // namespace cauchy::optimize

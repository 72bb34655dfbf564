// When training ends.

#include "cauchy/training/stopping.hpp"

#include <algorithm>

namespace cauchy::training {
namespace {

// Steps and writes do not take the same time each time.
constexpr double safety = 1.5;

}  // namespace

template <typename Real>
StopReason stop_reason(const StopOptions& options, const TrainingState<Real>& state) {
  const std::uint64_t steps = state.stopping.steps;
  if (options.max_steps > 0 && steps >= options.max_steps) {
    return StopReason::max_steps;
  }
  if (options.max_epochs > 0 && state.sampler.epoch >= options.max_epochs) {
    return StopReason::max_epochs;
  }
  if (options.gradient_norm > 0 && steps > 0 && state.stopping.gradient_norm <= options.gradient_norm) {
    return StopReason::gradient_norm;
  }
  return StopReason::none;
}

template <typename Real>
Votes TimeLimit<Real>::votes() {
  const double now = timer_.seconds();
  longest_step_ = last_vote_ > 0 ? std::max(longest_step_, now - last_vote_) : 0;
  last_vote_ = now;
  const double saved = longest_step_ + seconds_to_save_();
  const double evaluated = saved + steps_to_evaluate_ * longest_step_;
  Votes result;
  for (const Deadline& deadline : deadlines_) {
    if (now + safety * (is_end(deadline.reason) ? evaluated : saved) >= deadline.seconds) {
      result.stop = std::max(result.stop, deadline.reason);
    }
  }
  return result;
}

template class TimeLimit<float>;
template class TimeLimit<double>;
template StopReason stop_reason(const StopOptions&, const TrainingState<float>&);
template StopReason stop_reason(const StopOptions&, const TrainingState<double>&);

}  // namespace cauchy::training

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
  if (state.stop == StopReason::no_descent) {
    return state.stop;
  }
  const std::uint64_t steps = state.stopping.steps;
  if (options.max_steps > 0 && steps >= options.max_steps) {
    return StopReason::max_steps;
  }
  if (options.max_epochs > 0 && state.sampler.epoch >= options.max_epochs) {
    return StopReason::max_epochs;
  }
  const StoppingState& last = state.stopping;
  if (options.gradient_norm > 0 && steps > 0 && last.norm <= options.gradient_norm) {
    return StopReason::gradient_norm;
  }
  if (options.relative_gradient_norm > 0 && steps > 0 &&
      last.norm <= options.relative_gradient_norm * last.first_norm) {
    return StopReason::relative_gradient_norm;
  }
  const bool epoch_finished = steps > 0 && state.sampler.step == 0;
  if (!epoch_finished) {
    return StopReason::none;
  }
  if (options.relative_change > 0 && state.sampler.epoch > 1 && last.relative_change <= options.relative_change) {
    return StopReason::relative_change;
  }
  if (options.target_nll != StopOptions::no_target && state.history.epoch_nll() <= options.target_nll) {
    return StopReason::target_nll;
  }
  return options.patience > 0 && last.epochs_since_best >= options.patience ? StopReason::patience : StopReason::none;
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

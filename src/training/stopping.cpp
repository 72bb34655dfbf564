// When training ends.

#include "cauchy/training/stopping.hpp"

namespace cauchy::training {

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

template StopReason stop_reason(const StopOptions&, const TrainingState<float>&);
template StopReason stop_reason(const StopOptions&, const TrainingState<double>&);

}  // namespace cauchy::training

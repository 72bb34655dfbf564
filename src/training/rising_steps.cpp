// The steps of a range test.

#include "cauchy/training/rising_steps.hpp"

#include <span>

#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::training {
namespace {

/// Whether loss and gradient were finite, on all ranks.
template <typename Real>
bool take_step(const RisingParts<Real>& parts, optimize::MethodState<Real>& state, const optimize::StepPlan& plan) {
  double diverged = 0;
  try {
    parts.method.step(parts.objective, state, plan);
  } catch (const core::Error& error) {
    if (error.code() != core::ExitCode::diverged || plan.number == 1) {
      throw;
    }
    diverged = 1;
  }
  parts.channel.sum(std::span(&diverged, 1));
  return diverged == 0;
}

}  // namespace

template <typename Real>
void take_rising_steps(const RisingParts<Real>& parts, TrainingState<Real>& state, optimize::RangeTest& test,
                       const std::function<void(std::uint64_t)>& tested) {
  const core::Doing doing("testing learning rates");
  bool goes_on = true;
  for (std::uint64_t step = 1; goes_on; ++step) {
    core::set_step(step);
    parts.objective.select(state.sampler, {});
    if (!take_step(parts, state.method, {step, test.rate(step)})) {
      test.note_divergence();
      return;
    }
    goes_on = test.note(parts.objective.result().nll());
    state.sampler.step += 1;
    if (state.sampler.step == parts.sampler.steps_per_epoch()) {
      state.sampler = {state.sampler.epoch + 1, 0};
    }
    core::note_progress();
    tested(step);
  }
}

template void take_rising_steps(const RisingParts<float>&, TrainingState<float>&, optimize::RangeTest&,
                                const std::function<void(std::uint64_t)>&);
template void take_rising_steps(const RisingParts<double>&, TrainingState<double>&, optimize::RangeTest&,
                                const std::function<void(std::uint64_t)>&);

}  // namespace cauchy::training

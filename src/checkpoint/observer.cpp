// When to save, and what to do if it fails.

#include "cauchy/checkpoint/observer.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <utility>

#include "cauchy/core/error.hpp"

namespace cauchy::checkpoint {
namespace {

bool divides(std::uint64_t interval, std::uint64_t count) {
  return interval != 0 && count % interval == 0;
}

template <typename Real>
bool all_finite(std::span<const Real> values) {
  return std::ranges::all_of(values, [](Real value) { return std::isfinite(value); });
}

template <typename Real>
void require_finite(const optimize::MethodState<Real>& method) {
  const bool finite = all_finite<Real>(method.x) &&
                      std::ranges::all_of(method.slots, [](const auto& slot) { return all_finite<Real>(slot.values); });
  if (!finite) {
    throw core::InputOutputError("the parameters hold NaN or infinity");
  }
}

}  // namespace

template <typename Real>
CheckpointObserver<Real>::CheckpointObserver(const CheckpointOptions& options, Description description,
                                             std::ostream& warnings, core::PhaseSeconds& seconds)
    : options_(options),
      description_(std::move(description)),
      store_(options.directory, options.keep),
      warnings_(warnings),
      seconds_(seconds) {}

template <typename Real>
training::Votes CheckpointObserver<Real>::votes() {
  return {.save = options_.every_seconds > 0 && since_last_.seconds() >= options_.every_seconds};
}

template <typename Real>
void CheckpointObserver<Real>::step_finished(const training::StepReport& report,
                                             const training::TrainingState<Real>& state) {
  if (is_due(report, state)) {
    const core::PhaseScope scope(seconds_, core::Phase::checkpoint);
    save(state);
    since_last_.restart();
  }
}

template <typename Real>
bool CheckpointObserver<Real>::is_due(const training::StepReport& report,
                                      const training::TrainingState<Real>& state) const {
  return report.save_requested || report.stop != training::StopReason::none ||
         divides(options_.every_steps, state.stopping.steps) ||
         (report.epoch_finished && divides(options_.every_epochs, state.sampler.epoch));
}

template <typename Real>
void CheckpointObserver<Real>::save(const training::TrainingState<Real>& state) {
  try {
    require_finite(state.method);
    const SavedCheckpoint saved = store_.save(description_, state);
    newest_ = saved.path;
    last_save_failed_ = false;
    if (!saved.leftover.empty()) {
      warnings_ << "cauchy: warning: " << saved.leftover << std::endl;
    }
  } catch (const core::InputOutputError& error) {
    last_save_failed_ = true;
    warnings_ << "cauchy: warning: no checkpoint of step " << state.stopping.steps << ": " << error.what() << std::endl;
  }
}

template class CheckpointObserver<float>;
template class CheckpointObserver<double>;

}  // namespace cauchy::checkpoint

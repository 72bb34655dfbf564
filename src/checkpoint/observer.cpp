// When to save, and what to do if it fails.

#include "cauchy/checkpoint/observer.hpp"

#include <algorithm>
#include <limits>
#include <ostream>
#include <utility>

#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/sums.hpp"

namespace cauchy::checkpoint {
namespace {

bool divides(std::uint64_t interval, std::uint64_t count) {
  return interval != 0 && count % interval == 0;
}

template <typename Real>
void require_finite(const optimize::MethodState<Real>& method) {
  using linear_algebra::all_finite;
  const bool finite = all_finite<Real>(method.x) &&
                      std::ranges::all_of(method.slots, [](const auto& slot) { return all_finite<Real>(slot.values); });
  if (!finite) {
    throw core::InputOutputError("the parameters hold NaN or infinity");
  }
}

}  // namespace

template <typename Real>
CheckpointObserver<Real>::CheckpointObserver(const CheckpointOptions& options, Description description,
                                             std::ostream& warnings, core::PhaseSeconds& seconds,
                                             double warning_seconds)
    : options_(options),
      description_(std::move(description)),
      store_(options.directory, options.keep),
      warnings_(warnings),
      seconds_(seconds),
      warning_seconds_(warning_seconds) {}

template <typename Real>
training::Votes CheckpointObserver<Real>::votes() {
  return {.save = options_.every_seconds > 0 && since_last_.seconds() >= options_.every_seconds,
          .saving = waits_for_proof_};
}

template <typename Real>
void CheckpointObserver<Real>::step_finished(const training::StepReport& report,
                                             const training::TrainingState<Real>& state) {
  if (!is_due(report, state)) {
    return;
  }
  since_last_.restart();  // and again once it is saved
  waits_for_proof_ = report.stop == training::StopReason::none;
  if (!waits_for_proof_) {
    save(state, 2);  // itself, and one that is proved
  }
}

template <typename Real>
void CheckpointObserver<Real>::state_proved(const training::TrainingState<Real>& state) {
  if (waits_for_proof_) {
    waits_for_proof_ = false;
    save(state);
  }
}

template <typename Real>
void CheckpointObserver<Real>::diverged(const training::TrainingState<Real>& last_proved) {
  save(last_proved, std::numeric_limits<std::uint64_t>::max());
  if (!last_save_failed_) {
    warnings_ << "cauchy: the last state with a finite loss and gradient, of step " << last_proved.stopping.steps
              << ", is in " << newest_->string() << std::endl;
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
void CheckpointObserver<Real>::save(const training::TrainingState<Real>& state, std::uint64_t keep_at_least) {
  const core::PhaseScope scope(seconds_, core::Phase::checkpoint);
  try {
    require_finite(state.method);
    const SavedCheckpoint saved = store_.save(description_, state, keep_at_least);
    newest_ = saved.path;
    last_save_failed_ = false;
    failures_since_warning_ = 0;
    if (!saved.leftover.empty()) {
      warnings_ << "cauchy: warning: " << saved.leftover << std::endl;
    }
  } catch (const core::InputOutputError& error) {
    warn(state.stopping.steps, error.what());
    last_save_failed_ = true;
  }
  since_last_.restart();
}

template <typename Real>
void CheckpointObserver<Real>::warn(std::uint64_t step, const std::string& reason) {
  ++failures_since_warning_;
  if (last_save_failed_ && since_warning_.seconds() < warning_seconds_) {
    return;
  }
  warnings_ << "cauchy: warning: no checkpoint of step " << step << ": " << reason;
  if (failures_since_warning_ > 1) {
    warnings_ << " (" << failures_since_warning_ << " attempts have failed since the last warning)";
  }
  warnings_ << std::endl;
  failures_since_warning_ = 0;
  since_warning_.restart();
}

template class CheckpointObserver<float>;
template class CheckpointObserver<double>;

}  // namespace cauchy::checkpoint

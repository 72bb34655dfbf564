// When to save, and what to do if it fails.

#include "cauchy/checkpoint/observer.hpp"

#include <algorithm>
#include <limits>
#include <ostream>
#include <utility>

#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::checkpoint {
namespace {

// Of a file system, before one has shown what it can do.
constexpr double cautious_bytes_per_second = 100e6;
constexpr double cautious_latency_seconds = 0.25;

bool divides(std::uint64_t interval, std::uint64_t count) {
  return interval != 0 && count % interval == 0;
}

template <typename Real>
double bytes_of(const training::TrainingState<Real>& state) {
  const std::size_t vectors = 1 + state.method.slots.size() + state.residuals.size();
  return static_cast<double>(state.method.x.size() * sizeof(Real) * vectors);
}

Retention retention_of(const CheckpointOptions& options, std::uint64_t steps_per_epoch) {
  const bool fits = options.keep_every_epochs <= std::numeric_limits<std::uint64_t>::max() / steps_per_epoch;
  return {options.keep, {options.keep_every_steps, fits ? options.keep_every_epochs * steps_per_epoch : 0}};
}

}  // namespace

template <typename Real>
CheckpointObserver<Real>::CheckpointObserver(const CheckpointOptions& options, ObserverParts parts,
                                             const training::TrainingState<Real>& state)
    : options_(options),
      warnings_(parts.warnings),
      seconds_(parts.seconds),
      warning_seconds_(parts.warning_seconds),
      longest_write_(cautious_latency_seconds + bytes_of(state) / cautious_bytes_per_second),
      writer_({options.directory, retention_of(options, parts.steps_per_epoch)}, std::move(parts.description),
              std::move(parts.prepare), state, copies_of_state(parts.validates)) {}

template <typename Real>
training::Votes CheckpointObserver<Real>::votes() {
  collect();
  const bool is_time = options_.every_seconds > 0 && since_last_.seconds() >= options_.every_seconds;
  return {.stop = fatal_failure_.empty() ? training::StopReason::none : training::StopReason::failure,
          .save = is_time && !waits_for_proof_ && !writer_.numbered_pending(),
          .saving = waits_for_proof_.has_value()};
}

template <typename Real>
void CheckpointObserver<Real>::step_finished(const training::StepReport& report,
                                             const training::TrainingState<Real>& state) {
  SaveAs as{.numbered = is_due(report, state), .best = report.is_best};
  if (!as.numbered && !as.best) {
    return;
  }
  if (report.stop == training::StopReason::none) {
    waits_for_proof_ = as;
    return;
  }
  as.keep_at_least = 2;  // itself, and one that is proved
  save(state, as);
  finish();
}

template <typename Real>
void CheckpointObserver<Real>::state_proved(const training::TrainingState<Real>& state) {
  if (const std::optional<SaveAs> as = std::exchange(waits_for_proof_, std::nullopt)) {
    save(state, *as);
  }
}

template <typename Real>
void CheckpointObserver<Real>::diverged(const training::TrainingState<Real>& last_proved) {
  finish();
  if (newest_step_ != last_proved.stopping.steps) {  // else it is there already, and with all that belongs to it
    save(last_proved, {.numbered = true, .keep_at_least = std::numeric_limits<std::uint64_t>::max()});
    finish();
  }
  if (last_failure_.empty()) {
    warnings_ << "cauchy: the last state with a finite loss and gradient, of step " << last_proved.stopping.steps
              << ", is in " << newest_->string() << std::endl;
  }
}

template <typename Real>
bool CheckpointObserver<Real>::is_due(const training::StepReport& report,
                                      const training::TrainingState<Real>& state) const {
  const auto divides_steps = [&](std::uint64_t interval) { return divides(interval, state.stopping.steps); };
  const auto divides_epochs = [&](std::uint64_t interval) {
    return report.epoch_finished && divides(interval, state.sampler.epoch);
  };
  return report.save_requested || report.stop != training::StopReason::none || divides_steps(options_.every_steps) ||
         divides_steps(options_.keep_every_steps) || divides_epochs(options_.every_epochs) ||
         divides_epochs(options_.keep_every_epochs);
}

template <typename Real>
void CheckpointObserver<Real>::save(const training::TrainingState<Real>& state, const SaveAs& as) {
  const core::PhaseScope scope(seconds_, core::Phase::checkpoint);
  const core::Doing doing("waiting for an earlier checkpoint to be written");
  const core::Timer timer;
  writer_.write(state, as);
  summary_.copying_seconds += timer.seconds();
  if (as.numbered) {
    since_last_.restart();
  }
}

template <typename Real>
void CheckpointObserver<Real>::finish() {
  const core::PhaseScope scope(seconds_, core::Phase::checkpoint);
  const core::Doing doing("writing the last checkpoint");
  writer_.wait();
  is_last_ = true;
  collect();
}

template <typename Real>
void CheckpointObserver<Real>::collect() {
  for (const Written& written : writer_.results()) {
    take(written);
  }
}

template <typename Real>
void CheckpointObserver<Real>::take(const Written& written) {
  if (written.as.numbered) {
    since_last_.restart();
  }
  if (!written.failure.empty()) {
    warn("no checkpoint of step " + std::to_string(written.step), written.failure);
    last_failure_ = written.failure;
    fatal_failure_ = options_.required ? written.failure : "";
    return;
  }
  has_best_ = written.saved.has_best;
  if (!written.saved.best_failure.empty()) {
    warn("the best checkpoint, of step " + std::to_string(written.step) + ", is not kept", written.saved.best_failure);
  }
  longest_write_ = summary_.checkpoints == 0 ? written.seconds : std::max(longest_write_, written.seconds);
  summary_.checkpoints += 1;
  summary_.seconds += written.seconds;
  summary_.processor_seconds += written.processor_seconds;
  summary_.cost.add(written.saved.cost);
  if (written.as.numbered) {
    last_failure_.clear();
    failures_since_warning_ = 0;
    newest_ = written.saved.path;
    newest_step_ = written.step;
  }
  if (!written.saved.leftover.empty()) {
    warnings_ << "cauchy: warning: " << written.saved.leftover << std::endl;
  }
}

template <typename Real>
void CheckpointObserver<Real>::warn(const std::string& what, const std::string& reason) {
  ++failures_since_warning_;
  if (!is_last_ && !last_failure_.empty() && since_warning_.seconds() < warning_seconds_) {
    return;
  }
  warnings_ << "cauchy: warning: " << what << ": " << reason;
  if (failures_since_warning_ > 1) {
    warnings_ << " (" << failures_since_warning_ << " attempts have failed since the last warning)";
  }
  warnings_ << std::endl;
  failures_since_warning_ = 0;
  since_warning_.restart();
}

template <typename Real>
double CheckpointObserver<Real>::expected_seconds() const {
  return longest_write_ * static_cast<double>(1 + writer_.pending());
}

template class CheckpointObserver<float>;
template class CheckpointObserver<double>;

}  // namespace cauchy::checkpoint

#pragma once
/// When checkpoints are saved, and what happens when they cannot be.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "cauchy/checkpoint/background_writer.hpp"
#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/checkpoint/options.hpp"
#include "cauchy/checkpoint/store.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/training/observer.hpp"

namespace cauchy::checkpoint {

/// What the observer needs beside its options. All references must outlive it.
struct ObserverParts {
  Description description;
  std::uint64_t steps_per_epoch = 1;  ///< T
  bool validates = false;             ///< whether there will be a best state
  std::ostream& warnings;
  core::PhaseSeconds& seconds;            ///< the time that training stands still for checkpoints is added here
  std::function<void()> prepare = [] {};  ///< called before each write, on another thread; may throw
  double warning_seconds = 60;            ///< the least time between warnings of failures in a row
};

/// Copies of the state that the observer holds. A second one lets a state become the best while another is being
/// written.
constexpr std::size_t copies_of_state(bool validates) {
  return validates ? 2 : 1;
}

/// How much has been written beside training.
struct WritingSummary {
  std::uint64_t checkpoints = 0;
  double seconds = 0;            ///< of the writing thread
  double processor_seconds = 0;  ///< of them, those that it had a processor
  storage::WritingCost cost;
  double copying_seconds = 0;  ///< in which training stood still for copies, and for earlier writes to end
};

/// Saves every so many steps, epochs and seconds, when a vote for it has passed, when the validation NLL is the best so
/// far, and after the last step. On the root only. Training stands still while the state is copied; another thread
/// writes the copy. What is due by steps or epochs is saved at just that step, even if training has to wait for an
/// earlier write to end. A checkpoint that cannot be written is a warning, and training goes on: the older ones stay,
/// and the next is tried when it is due; or, if checkpoints are required, a vote to stop.
///
/// What is due waits until the next step has proved loss and gradient at its Θ finite, so that a run that diverges
/// leaves none but good checkpoints. Only the last step is saved at once, and the newest proved one stays beside it,
/// however few are kept. When a run diverges, its last good state is saved too, and removes no other. A state with NaN
/// or infinity is never written. While every attempt fails, warnings keep a distance in time.
template <typename Real>
class CheckpointObserver : public training::Observer<Real> {
 public:
  /// `state`: of the size of those to come. The folder must be there.
  CheckpointObserver(const CheckpointOptions& options, ObserverParts parts, const training::TrainingState<Real>& state);

  training::Votes votes() override;
  void step_finished(const training::StepReport& report, const training::TrainingState<Real>& state) override;
  void state_proved(const training::TrainingState<Real>& state) override;
  void diverged(const training::TrainingState<Real>& last_proved) override;

  /// The newest numbered checkpoint of this launch.
  const std::optional<std::filesystem::path>& newest() const { return newest_; }
  /// Why the state of the last attempt is not on the device; empty if it is.
  const std::string& last_failure() const { return last_failure_; }
  /// Why training had to stop, since checkpoints are required; empty if it did not.
  const std::string& fatal_failure() const { return fatal_failure_; }

  bool is_writing() const { return writer_.pending() > 0; }
  /// Whether best.h5 is that of the best step, as of the last write.
  bool has_best() const { return has_best_; }
  const WritingSummary& summary() const { return summary_; }
  /// Until a state that is handed over now is on the device, as far as can be told.
  double expected_seconds() const;

 private:
  bool is_due(const training::StepReport& report, const training::TrainingState<Real>& state) const;
  void save(const training::TrainingState<Real>& state, const SaveAs& as);
  void finish();
  void collect();
  void take(const Written& written);
  void warn(const std::string& what, const std::string& reason);

  CheckpointOptions options_;
  std::ostream& warnings_;
  core::PhaseSeconds& seconds_;
  double warning_seconds_;
  core::Timer since_last_;
  std::optional<SaveAs> waits_for_proof_;
  std::optional<std::filesystem::path> newest_;
  std::optional<std::uint64_t> newest_step_;
  bool has_best_ = false;
  bool is_last_ = false;  ///< no attempt will follow
  std::string last_failure_;
  std::string fatal_failure_;
  core::Timer since_warning_;
  std::uint64_t failures_since_warning_ = 0;
  WritingSummary summary_;
  double longest_write_;  ///< seconds; before the first one a guess
  BackgroundWriter<Real> writer_;
};

}  // namespace cauchy::checkpoint

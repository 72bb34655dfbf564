#pragma once
/// Saves checkpoints while training goes on.

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/checkpoint/options.hpp"
#include "cauchy/checkpoint/store.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/training/observer.hpp"

namespace cauchy::checkpoint {

/// Saves every so many steps, epochs and seconds, when a vote for it has passed, and after the last step. On the root
/// only. A checkpoint that cannot be written is a warning, and training goes on: the older ones stay, and the next is
/// tried when it is due.
///
/// What is due waits until the next step has proved loss and gradient at its Θ finite, so that a run that diverges
/// leaves none but good checkpoints. Only the last step is saved at once, and the newest proved one stays beside it,
/// however few are kept. When a run diverges, its last good state is saved too, and removes no other. A state with NaN
/// or infinity is never written. While every attempt fails, warnings keep a distance in time.
template <typename Real>
class CheckpointObserver : public training::Observer<Real> {
 public:
  /// Makes the folder. `warnings` and `seconds`, to which the time spent on saving is added, must outlive the observer.
  /// `warning_seconds`: the least time between warnings of failures in a row.
  CheckpointObserver(const CheckpointOptions& options, Description description, std::ostream& warnings,
                     core::PhaseSeconds& seconds, double warning_seconds = 60);

  training::Votes votes() override;
  void step_finished(const training::StepReport& report, const training::TrainingState<Real>& state) override;
  void state_proved(const training::TrainingState<Real>& state) override;
  void diverged(const training::TrainingState<Real>& last_proved) override;

  /// The newest checkpoint of this launch.
  const std::optional<std::filesystem::path>& newest() const { return newest_; }
  /// Whether the state of the last attempt is not on the device.
  bool last_save_failed() const { return last_save_failed_; }

 private:
  bool is_due(const training::StepReport& report, const training::TrainingState<Real>& state) const;
  void save(const training::TrainingState<Real>& state, std::uint64_t keep_at_least = 1);
  void warn(std::uint64_t step, const std::string& reason);

  CheckpointOptions options_;
  Description description_;
  Store store_;
  std::ostream& warnings_;
  core::PhaseSeconds& seconds_;
  core::Timer since_last_;
  bool waits_for_proof_ = false;
  std::optional<std::filesystem::path> newest_;
  bool last_save_failed_ = false;
  double warning_seconds_;
  core::Timer since_warning_;
  std::uint64_t failures_since_warning_ = 0;
};

}  // namespace cauchy::checkpoint

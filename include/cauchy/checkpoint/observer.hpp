#pragma once
/// Saves checkpoints while training goes on.

#include <filesystem>
#include <iosfwd>
#include <optional>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/checkpoint/options.hpp"
#include "cauchy/checkpoint/store.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/training/observer.hpp"

namespace cauchy::checkpoint {

/// Saves every so many steps, epochs and seconds, when any rank asked for it, and after the last step. On the root
/// only. A checkpoint that cannot be written is a warning, and training goes on: the older ones stay, and the next is
/// tried when it is due. A state with NaN or infinity is never written.
template <typename Real>
class CheckpointObserver : public training::Observer<Real> {
 public:
  /// Makes the folder. `warnings` and `seconds`, to which the time spent on saving is added, must outlive the observer.
  CheckpointObserver(const CheckpointOptions& options, Description description, std::ostream& warnings,
                     core::PhaseSeconds& seconds);

  training::Votes votes() override;
  void step_finished(const training::StepReport& report, const training::TrainingState<Real>& state) override;

  /// The newest checkpoint of this launch.
  const std::optional<std::filesystem::path>& newest() const { return newest_; }
  /// Whether the state of the last attempt is not on the device.
  bool last_save_failed() const { return last_save_failed_; }

 private:
  bool is_due(const training::StepReport& report, const training::TrainingState<Real>& state) const;
  void save(const training::TrainingState<Real>& state);

  CheckpointOptions options_;
  Description description_;
  Store store_;
  std::ostream& warnings_;
  core::PhaseSeconds& seconds_;
  core::Timer since_last_;
  std::optional<std::filesystem::path> newest_;
  bool last_save_failed_ = false;
};

}  // namespace cauchy::checkpoint

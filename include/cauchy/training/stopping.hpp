#pragma once
/// When training ends.

#include <functional>
#include <utility>
#include <vector>

#include "cauchy/core/stop_signal.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/training/observer.hpp"
#include "cauchy/training/options.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::training {

/// The criteria that are functions of the state, so that all ranks agree without a word and a resumed run knows at once
/// that it is done. What depends on a clock or a signal is voted for instead.
template <typename Real>
StopReason stop_reason(const StopOptions& options, const TrainingState<Real>& state);

/// A moment at which all has to be done, the last checkpoint included.
struct Deadline {
  double seconds = 0;  ///< since the launch
  StopReason reason = StopReason::max_seconds;
};

/// Votes to stop early enough for one more step, the evaluation at the end and a checkpoint before the first deadline,
/// by a clock that the launch started. A step is reckoned as long as the longest so far, evaluations included. For the
/// root alone: one clock decides.
template <typename Real>
class TimeLimit final : public Observer<Real> {
 public:
  /// `seconds_to_save`: what writing a checkpoint is expected to take. `steps_to_evaluate`: how many steps take as long
  /// as the evaluation at the end, at most.
  TimeLimit(std::vector<Deadline> deadlines, const core::Timer& since_launch, std::function<double()> seconds_to_save,
            double steps_to_evaluate)
      : deadlines_(std::move(deadlines)),
        timer_(since_launch),
        seconds_to_save_(std::move(seconds_to_save)),
        steps_to_evaluate_(steps_to_evaluate) {}

  Votes votes() override;
  void step_finished(const StepReport& /*report*/, const TrainingState<Real>& /*state*/) override {}

 private:
  std::vector<Deadline> deadlines_;
  core::Timer timer_;
  std::function<double()> seconds_to_save_;
  double steps_to_evaluate_;
  double longest_step_ = 0;
  double last_vote_ = 0;  ///< when it was asked for; 0: never
};

/// Votes to stop once a signal has asked this process to. For every rank.
template <typename Real>
class SignalWatch final : public Observer<Real> {
 public:
  Votes votes() override { return {core::stop_requested() ? StopReason::request : StopReason::none, false}; }
  void step_finished(const StepReport& /*report*/, const TrainingState<Real>& /*state*/) override {}
};

}  // namespace cauchy::training

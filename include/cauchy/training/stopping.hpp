#pragma once
/// When training ends.

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

/// Votes to stop when the time is up, counted by a clock that the launch started. For the root alone: one clock
/// decides.
template <typename Real>
class TimeLimit final : public Observer<Real> {
 public:
  TimeLimit(double max_seconds, const core::Timer& since_launch) : max_seconds_(max_seconds), timer_(since_launch) {}

  Votes votes() override {
    return {max_seconds_ > 0 && timer_.seconds() >= max_seconds_ ? StopReason::max_seconds : StopReason::none, false};
  }
  void step_finished(const StepReport& /*report*/, const TrainingState<Real>& /*state*/) override {}

 private:
  double max_seconds_;
  core::Timer timer_;
};

/// Votes to stop once a signal has asked this process to. For every rank.
template <typename Real>
class SignalWatch final : public Observer<Real> {
 public:
  Votes votes() override { return {core::stop_requested() ? StopReason::request : StopReason::none, false}; }
  void step_finished(const StepReport& /*report*/, const TrainingState<Real>& /*state*/) override {}
};

}  // namespace cauchy::training

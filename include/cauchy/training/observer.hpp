#pragma once
/// Who watches training: metrics, progress, checkpoints, stop requests.

#include <cstdint>
#include <optional>
#include <vector>

#include "cauchy/core/timer.hpp"
#include "cauchy/training/state.hpp"
#include "cauchy/training/stop_reason.hpp"

namespace cauchy::training {

/// What an evaluation over a whole data set gives.
struct Evaluation {
  std::uint64_t samples = 0;
  double nll = 0;               ///< weighted mean, nats
  std::vector<double> metrics;  ///< the likelihood's own, such as accuracy
};

/// One finished step; the same on every rank, times apart.
struct StepReport {
  double learning_rate = 0;              ///< ε of this step
  std::uint64_t steps_in_epoch = 0;      ///< T
  bool epoch_finished = false;           ///< this step was the last of its epoch
  bool save_requested = false;           ///< somebody voted for a checkpoint
  StopReason stop = StopReason::none;    ///< set on the last step of the run
  bool is_best = false;                  ///< the validation NLL is lower than ever before
  std::optional<Evaluation> validation;  ///< after an epoch, where there are validation data
  std::optional<Evaluation> test;        ///< after the last step, where there are test data
  core::PhaseSeconds seconds;            ///< of this rank, since the launch
};

/// Local wishes, which all ranks learn of in the next step's reduction.
struct Votes {
  StopReason stop = StopReason::none;
  bool save = false;    ///< a checkpoint is due
  bool saving = false;  ///< a checkpoint of the present state will be written as soon as the state is proved
};

/// Watches training on one rank. Observers do not communicate: they vote. Exceptions end the job.
template <typename Real>
class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;

  /// Asked once a step.
  virtual Votes votes() { return {}; }

  /// Loss and gradient at the Θ of this state, the one that the last step left, are finite on every rank. Within the
  /// next step, before its update. The last step of a run has no such proof; its Θ itself is finite.
  virtual void state_proved(const TrainingState<Real>& /*state*/) {}

  /// Training ends, since loss or gradient became NaN or infinite. This is the last state at which both were finite.
  virtual void diverged(const TrainingState<Real>& /*last_proved*/) {}

  /// After each step, in the order in which observers were added. The state already counts this step; at the end of
  /// an epoch its sampler stands at the start of the next, and its history still at the epoch that ended.
  virtual void step_finished(const StepReport& report, const TrainingState<Real>& state) = 0;
};

}  // namespace cauchy::training

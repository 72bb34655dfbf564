// The training loop.

#include "cauchy/training/trainer.hpp"

#include <string>

#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "cauchy/training/stopping.hpp"

namespace cauchy::training {

template <typename Real>
StepReport Trainer<Real>::run() {
  StepReport report;
  report.stop = stop_reason(stop_, state_);
  while (report.stop == StopReason::none) {
    take_step();
    report = make_report();
    for (Observer<Real>* observer : observers_) {
      observer->step_finished(report, state_);
    }
  }
  return report;
}

template <typename Real>
Votes Trainer<Real>::votes() const {
  Votes all;
  for (Observer<Real>* observer : observers_) {
    const Votes wish = observer->votes();
    all.save = all.save || wish.save;
    all.stop = wish.stop == StopReason::none ? all.stop : wish.stop;
  }
  return all;
}

template <typename Real>
void Trainer<Real>::take_step() {
  parts_.objective.select(state_.sampler, votes(), [this] {
    for (Observer<Real>* observer : observers_) {
      observer->state_proved(state_);
    }
  });
  parts_.method.step(parts_.objective, state_.method);
  count_step();
}

template <typename Real>
void Trainer<Real>::count_step() {
  const BatchResult& batch = parts_.objective.result();
  state_.stopping = {state_.stopping.steps + 1, batch.nll(), batch.penalty, batch.gradient_norm};
  if (state_.sampler.step == 0) {
    state_.history.epoch_samples = 0;
    state_.history.epoch_nll_sum = 0;
  }
  state_.history.samples += batch.samples;
  state_.history.epoch_samples += batch.samples;
  state_.history.epoch_nll_sum += batch.nll_sum;
  state_.sampler.step += 1;
  if (state_.sampler.step == parts_.sampler.steps_per_epoch()) {
    state_.sampler = {state_.sampler.epoch + 1, 0};
  }
}

template <typename Real>
StepReport Trainer<Real>::make_report() {
  const Votes& votes = parts_.objective.result().votes;
  StepReport report;
  report.learning_rate = parts_.method.learning_rate();
  report.steps_in_epoch = parts_.sampler.steps_per_epoch();
  report.epoch_finished = state_.sampler.step == 0;
  report.save_requested = votes.save;
  report.stop = stop_reason(stop_, state_);
  if (report.stop == StopReason::none) {
    report.stop = votes.stop;
  }
  if (report.stop != StopReason::none && !linear_algebra::all_finite<Real>(state_.method.x)) {
    // Agreed: every rank has the same parameters.
    throw core::Error(core::ExitCode::diverged, "diverged at step " + std::to_string(state_.stopping.steps) +
                                                    ": a parameter is NaN or infinite; a smaller "
                                                    "optimizer.learning_rate may help")
        .as_agreed();
  }
  if (report.epoch_finished && parts_.validation != nullptr) {
    report.validation = evaluated(*parts_.validation);
  }
  if (report.stop != StopReason::none && report.stop != StopReason::request && parts_.test != nullptr) {
    report.test = evaluated(*parts_.test);
  }
  report.seconds = parts_.seconds;
  return report;
}

template <typename Real>
Evaluation Trainer<Real>::evaluated(data::Dataset<Real>& dataset) {
  const core::PhaseScope scope(parts_.seconds, core::Phase::compute);
  return evaluate<Real>(parts_.ranks, parts_.network, state_.method.x, dataset, parts_.workspace);
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace cauchy::training

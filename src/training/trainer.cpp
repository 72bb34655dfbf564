// The training loop.

#include "cauchy/training/trainer.hpp"

#include "cauchy/training/stopping.hpp"

namespace cauchy::training {

template <typename Real>
StepReport Trainer<Real>::run() {
  StepReport report;
  report.stop = stop_reason(stop_, state_);
  while (report.stop == StopReason::none) {
    take_step();
    report = finish_step();
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
  if (state_.sampler.step == 0) {
    state_.history.epoch_samples = 0;
    state_.history.epoch_nll_sum = 0;
  }
  parts_.objective.select(state_.sampler, votes());
  parts_.method.step(parts_.objective, state_.method);
}

template <typename Real>
StepReport Trainer<Real>::finish_step() {
  const BatchResult& batch = parts_.objective.result();
  state_.stopping.steps += 1;
  state_.stopping.nll = batch.nll();
  state_.stopping.penalty = batch.penalty;
  state_.stopping.gradient_norm = batch.gradient_norm;
  state_.history.samples += batch.samples;
  state_.history.epoch_samples += batch.samples;
  state_.history.epoch_nll_sum += batch.nll_sum;
  state_.sampler.step += 1;

  StepReport report;
  report.learning_rate = parts_.method.learning_rate();
  report.steps_in_epoch = parts_.sampler.steps_per_epoch();
  report.epoch_finished = state_.sampler.step == report.steps_in_epoch;
  if (report.epoch_finished) {
    state_.sampler = {state_.sampler.epoch + 1, 0};
  }
  report.save_requested = batch.votes.save;
  report.stop = stop_reason(stop_, state_);
  if (report.stop == StopReason::none) {
    report.stop = batch.votes.stop;
  }
  const auto evaluated = [this](data::Dataset<Real>& dataset) {
    const core::PhaseScope scope(parts_.seconds, core::Phase::compute);
    return evaluate<Real>(parts_.ranks, parts_.network, state_.method.x, dataset, parts_.workspace);
  };
  if (report.epoch_finished && parts_.validation != nullptr) {
    report.validation = evaluated(*parts_.validation);
  }
  if (report.stop != StopReason::none && report.stop != StopReason::request && parts_.test != nullptr) {
    report.test = evaluated(*parts_.test);
  }
  report.seconds = parts_.seconds;
  return report;
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace cauchy::training

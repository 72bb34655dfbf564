// The training loop.

#include "cauchy/training/trainer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <string>

#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "cauchy/training/broadcast.hpp"
#include "cauchy/training/guard.hpp"
#include "cauchy/training/stopping.hpp"

namespace cauchy::training {

namespace {

std::string number_text(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 4).ptr;
  return {text.data(), end};
}

}  // namespace

template <typename Real>
StepReport Trainer<Real>::run() {
  const core::Doing doing("training");
  StepReport report;
  report.stop = stop_reason(stop_, state_);
  while (report.stop == StopReason::none) {
    try {
      take_step();
      report = make_report();
    } catch (const core::Error& error) {
      if (error.code() == core::ExitCode::diverged && error.agreed()) {
        go_back();
      }
      throw;
    }
    for (Observer<Real>* observer : observers_) {
      observer->step_finished(report, state_);
    }
    state_.whole_slots.reset();
  }
  return report;
}

template <typename Real>
Votes Trainer<Real>::votes() const {
  Votes all;
  for (Observer<Real>* observer : observers_) {
    const Votes wish = observer->votes();
    all.save = all.save || wish.save;
    all.saving = all.saving || wish.saving;
    all.stop = std::max(all.stop, wish.stop);
  }
  return all;
}

template <typename Real>
void Trainer<Real>::take_step() {
  core::set_step(state_.stopping.steps + 1);
  parts_.objective.select(state_.sampler, votes(), [this] { state_proved(); });
  const std::uint64_t number = state_.stopping.steps + 1;
  const optimize::StepOutcome outcome =
      parts_.method.step(parts_.objective, state_.method, {number, parts_.schedule.rate(number, state_.plateau)});
  learning_rate_ = outcome.learning_rate;
  state_.stop = outcome.moved ? StopReason::none : StopReason::no_descent;
  is_proved_ = outcome.evaluated;
  remember_state();
  count_step();
  require_nearness();
  core::note_progress();
}

// Into memory that is there already.
template <typename Real>
void Trainer<Real>::remember_state() {
  before_.sampler = state_.sampler;
  before_.stopping = state_.stopping;
  before_.history = state_.history;
  before_.plateau = state_.plateau;
  before_.divergence = state_.divergence;
  before_.units = state_.units;
}

template <typename Real>
void Trainer<Real>::state_proved() {
  is_proved_ = true;
  const bool saving = parts_.objective.result().votes.saving;
  guard(saving);
  if (saving) {
    gather_state();
  }
  for (Observer<Real>* observer : observers_) {
    observer->state_proved(state_);
  }
  state_.whole_slots.reset();
}

template <typename Real>
void Trainer<Real>::count_step() {
  const BatchResult& batch = parts_.objective.result();
  StoppingState& stopping = state_.stopping;
  stopping.steps += 1;
  stopping.nll = batch.nll();
  stopping.penalty = batch.penalty;
  stopping.gradient_norm = batch.gradient_norm;
  // Where the norm decides, it is one rank's number that does.
  const auto decisive = [&](double norm) { return stop_.looks_at_norm() ? parts_.objective.of_root(norm) : norm; };
  stopping.norm = decisive(batch.norm);
  if (stopping.steps == 1) {
    const BatchResult& first = parts_.objective.first_result();
    stopping.first_norm = decisive(first.norm);
    state_.divergence.start(first.nll() + first.penalty, parts_.objective.of_root(first.gradient_norm));
  }
  if (state_.sampler.step == 0) {
    state_.history.epoch_weight = 0;
    state_.history.epoch_nll_sum = 0;
  }
  state_.history.samples += parts_.objective.samples_used();
  state_.history.epoch_weight += batch.weight;
  state_.history.epoch_nll_sum += batch.nll_sum;
  state_.history.repetitions += parts_.objective.repeated() ? 1 : 0;
  state_.units = parts_.reducer.units();
  state_.sampler.step += 1;
  if (state_.sampler.step == parts_.sampler.steps_per_epoch()) {
    state_.sampler = {state_.sampler.epoch + 1, 0};
    count_epoch();
  }
}

template <typename Real>
void Trainer<Real>::count_epoch() {
  StoppingState& stopping = state_.stopping;
  const double objective = state_.history.epoch_nll() + stopping.penalty;
  const double change = std::abs(objective - stopping.epoch_objective);
  const bool is_first = state_.sampler.epoch == 1;
  stopping.relative_change = is_first ? 1 : change == 0 ? 0 : change / std::abs(stopping.epoch_objective);
  stopping.epoch_objective = objective;
}

/// Decided by J, of which all ranks have one, and the root's norm.
template <typename Real>
void Trainer<Real>::require_nearness() {
  if (stop_.divergence_factor == 0) {
    return;
  }
  const StoppingState& stopping = state_.stopping;
  optimize::Divergence& divergence = state_.divergence;
  const double value = stopping.nll + stopping.penalty;
  const double norm = divergence.is_far(value, stop_.divergence_factor)
                          ? parts_.objective.of_root(stopping.gradient_norm)
                          : stopping.gradient_norm;
  if (!divergence.note(value, norm, stop_.divergence_factor)) {
    return;
  }
  const std::string way = "from " + number_text(divergence.first_value) + " to " + number_text(value) +
                          " since the start, and its gradient from " + number_text(divergence.first_norm) + " to " +
                          number_text(norm);
  const bool rises = value > divergence.first_value;
  throw core::Error(
      core::ExitCode::diverged,
      "diverged at step " + std::to_string(stopping.steps) + ": the objective has " + (rises ? "risen " : "fallen ") +
          way +
          (rises ? ": steps are too long; take a smaller optimizer.learning_rate (cauchy find-rate finds one), a "
                   "method that finds its own (optimizer.method = lbfgs, with optimizer.batch_size = full), or "
                   "data.standardize = true"
                 : ": it has no minimum that descent is coming near to; look for features or classes that determine "
                   "the target, or take a penalty (model.l2)"))
      .as_agreed();
}

template <typename Real>
StepReport Trainer<Real>::make_report() {
  const Votes& votes = parts_.objective.result().votes;
  StepReport report;
  report.learning_rate = learning_rate_;
  report.steps_in_epoch = parts_.sampler.steps_per_epoch();
  report.epoch_finished = state_.sampler.step == 0;
  report.save_requested = votes.save;
  if (report.epoch_finished && parts_.validation != nullptr) {
    report.validation = evaluated(*parts_.validation);
    report.is_best = note_validation(report.validation->nll);
    parts_.schedule.note_validation(report.validation->nll, state_.plateau);
  }
  report.stop = stop_reason(stop_, state_);
  if (report.stop == StopReason::none) {
    report.stop = votes.stop;
  }
  state_.stop = report.stop;
  if (report.stop != StopReason::none) {
    guard(true);
    require_finite_parameters();
    gather_state();
  }
  if (is_end(report.stop) && parts_.test != nullptr) {
    report.test = evaluated(*parts_.test);
  }
  report.seconds = parts_.seconds;
  return report;
}

/// Whether this NLL is the lowest so far.
template <typename Real>
bool Trainer<Real>::note_validation(double nll) {
  StoppingState& stopping = state_.stopping;
  const bool is_best = std::isfinite(nll) && (stopping.best_step == 0 || nll < stopping.best_validation_nll);
  if (is_best) {
    stopping.best_step = stopping.steps;
    stopping.best_validation_nll = nll;
  }
  stopping.epochs_since_best = is_best ? 0 : stopping.epochs_since_best + 1;
  return is_best;
}

template <typename Real>
void Trainer<Real>::require_finite_parameters() const {
  if (parts_.objective.of_root(linear_algebra::all_finite<Real>(state_.method.x) ? 0 : 1) != 0) {
    throw core::Error(core::ExitCode::diverged, "diverged at step " + std::to_string(state_.stopping.steps) +
                                                    ": a parameter is NaN or infinite; a smaller "
                                                    "optimizer.learning_rate may help")
        .as_agreed();
  }
}

// `saving`, and with it the decision, is the same on every rank.
template <typename Real>
void Trainer<Real>::guard(bool saving) const {
  const std::uint64_t interval = parts_.guard_steps;
  if (interval > 0 && (saving || state_.stopping.steps % interval == 0)) {
    require_same_state(parts_.channel, state_, parts_.shares);
  }
}

/// Collective. Residuals, and slots in shares, are complete on the root only where the state is going to be saved,
/// which all ranks know.
template <typename Real>
void Trainer<Real>::gather_state() {
  const core::PhaseScope scope(parts_.seconds, core::Phase::communication);
  parts_.reducer.gather(state_.residuals);
  gather_slots(parts_.channel.ranks(), state_, parts_.shares);
}

/// To the last state whose loss and gradient are finite; there is none if those of the first one are not. Its residuals
/// are gone, since a step has been accepted after it: zeros, as at the start of training, are a state to go on from
/// too.
template <typename Real>
void Trainer<Real>::go_back() {
  if (!is_proved_) {
    if (!parts_.method.undo(state_.method)) {
      return;
    }
    state_.sampler = before_.sampler;
    state_.stopping = before_.stopping;
    state_.history = before_.history;
    state_.plateau = before_.plateau;
    state_.divergence = before_.divergence;
    state_.units = before_.units;
  }
  state_.stop = StopReason::none;
  state_.divergence.far_off = 0;  // whoever goes on from here, with shorter steps, starts to count anew
  for (linear_algebra::AlignedVector<Real>& residual : state_.residuals) {
    std::ranges::fill(residual, Real{0});
  }
  guard(true);
  gather_slots(parts_.channel.ranks(), state_, parts_.shares);
  for (Observer<Real>* observer : observers_) {
    observer->diverged(state_);
  }
  state_.whole_slots.reset();
}

template <typename Real>
Evaluation Trainer<Real>::evaluated(const data::Dataset<Real>& dataset) {
  return evaluate<Real>(parts_.channel, parts_.model, state_.method.x, dataset, parts_.microbatch, parts_.workers);
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace cauchy::training

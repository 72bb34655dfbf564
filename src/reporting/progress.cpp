// The progress of a run for people.

#include "cauchy/reporting/progress.hpp"

#include <algorithm>
#include <limits>
#include <ostream>
#include <utility>

#include "cauchy/reporting/number.hpp"

namespace cauchy::reporting {
namespace {

constexpr std::uint64_t lines_a_run = 20;
constexpr double line_seconds = 1.0;
constexpr double refresh_seconds = 0.2;

// "  3/30", padded so that lines stand in columns; without a known end just the count.
std::string count_of(std::uint64_t count, std::uint64_t end) {
  std::string text = std::to_string(count);
  if (end == 0) {
    return text;
  }
  const std::string end_text = std::to_string(end);
  return std::string(end_text.size() - std::min(end_text.size(), text.size()), ' ') + text + "/" + end_text;
}

// Steps, or epochs, between the lines of a run of so many.
std::uint64_t spacing_of(std::uint64_t end) {
  return 1 + (end - 1) / lines_a_run;
}

// The number of the last step of so many epochs, or the largest number where it does not fit.
std::uint64_t steps_in(std::uint64_t epochs, std::uint64_t steps_in_epoch) {
  constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
  return steps_in_epoch != 0 && epochs > largest / steps_in_epoch ? largest : epochs * steps_in_epoch;
}

std::string fixed_width(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

}  // namespace

template <typename Real>
Progress<Real>::Progress(ProgressOptions options, std::ostream& output, const training::TrainingState<Real>& state)
    : options_(std::move(options)),
      output_(output),
      first_step_(state.stopping.steps),
      first_sample_(state.history.samples) {}

template <typename Real>
void Progress<Real>::step_finished(const training::StepReport& report, const training::TrainingState<Real>& state) {
  const bool stays = deserves_line(report, state);
  const bool refresh = options_.terminal && refresh_timer_.seconds() >= refresh_seconds;
  if (!stays && !refresh) {
    return;
  }
  refresh_timer_.restart();
  if (options_.terminal) {
    output_ << "\r" << line(report, state) << "\x1b[K" << (stays ? "\n" : "") << std::flush;
  } else {
    output_ << line(report, state) << "\n" << std::flush;
  }
  if (stays) {
    line_timer_.restart();
  }
}

template <typename Real>
bool Progress<Real>::deserves_line(const training::StepReport& report,
                                   const training::TrainingState<Real>& state) const {
  if (report.stop != training::StopReason::none) {
    return true;
  }
  if (report.epoch_finished && options_.stop.max_epochs > 0 && options_.stop.max_steps == 0) {
    return state.sampler.epoch % spacing_of(options_.stop.max_epochs) == 0;
  }
  if (options_.stop.max_steps > 0 && state.stopping.steps % spacing_of(options_.stop.max_steps) == 0) {
    return true;
  }
  return line_timer_.seconds() >= (options_.terminal ? 10 * line_seconds : line_seconds);
}

template <typename Real>
std::string Progress<Real>::line(const training::StepReport& report, const training::TrainingState<Real>& state) const {
  const auto& stop = options_.stop;
  const std::uint64_t epochs_begun = state.sampler.epoch + (report.epoch_finished ? 0 : 1);
  const std::uint64_t last_step =
      stop.max_steps > 0 ? stop.max_steps : steps_in(stop.max_epochs, report.steps_in_epoch);
  std::string text = "epoch " + count_of(epochs_begun, stop.max_epochs) + "  step " +
                     count_of(state.stopping.steps, last_step) + "  NLL " +
                     fixed_width(short_text(state.history.epoch_nll()), 9) + "  gradient " +
                     fixed_width(short_text(state.stopping.gradient_norm, 3), 8);
  if (report.validation) {
    text += "  validation NLL " + fixed_width(short_text(report.validation->nll), 7);
    if (!options_.metric.empty()) {
      text += ", " + options_.metric + " " + fixed_width(short_text(report.validation->metrics.front()), 6);
    }
  }
  const double seconds = run_timer_.seconds();
  const double rate = static_cast<double>(state.history.samples - first_sample_) / std::max(seconds, 1e-9);
  text += "  " + grouped(static_cast<std::uint64_t>(rate)) + " samples/s";
  const double left = seconds_left(report, state);
  if (report.stop == training::StopReason::none && left < std::numeric_limits<double>::infinity()) {
    text += "  " + duration_text(left) + " left";
  }
  return text;
}

template <typename Real>
double Progress<Real>::seconds_left(const training::StepReport& report,
                                    const training::TrainingState<Real>& state) const {
  const double seconds = run_timer_.seconds();
  const double step_seconds = seconds / static_cast<double>(state.stopping.steps - first_step_);
  double left = std::numeric_limits<double>::infinity();
  const auto consider_steps = [&](std::uint64_t last_step) {
    const std::uint64_t steps = last_step - std::min(last_step, state.stopping.steps);
    left = std::min(left, static_cast<double>(steps) * step_seconds);
  };
  if (options_.stop.max_steps > 0) {
    consider_steps(options_.stop.max_steps);
  }
  if (options_.stop.max_epochs > 0) {
    consider_steps(steps_in(options_.stop.max_epochs, report.steps_in_epoch));
  }
  if (options_.stop.max_seconds > 0) {
    left = std::min(left, std::max(0.0, options_.stop.max_seconds - seconds));
  }
  return left;
}

template class Progress<float>;
template class Progress<double>;

}  // namespace cauchy::reporting

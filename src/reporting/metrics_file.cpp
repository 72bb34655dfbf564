// metrics.csv.

#include "cauchy/reporting/metrics_file.hpp"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <iterator>
#include <string_view>
#include <utility>

#include "cauchy/core/error.hpp"
#include "cauchy/reporting/number.hpp"

namespace cauchy::reporting {
namespace {

// Columns that only the end of a run fills, and the first of those that depend on the clock.
constexpr std::size_t step_column = 0;
constexpr std::size_t test_column = 9;
constexpr std::size_t stop_column = 11;
constexpr std::size_t seconds_column = 12;

std::vector<std::string> header(const std::string& metric) {
  return {"step",
          "epoch",
          "samples",
          "nll",
          "objective",
          "gradient_norm",
          "learning_rate",
          "validation_nll",
          "validation_" + metric,
          "test_nll",
          "test_" + metric,
          "stop",
          "seconds",
          "samples_per_second",
          "data_share",
          "compute_share",
          "communication_share",
          "checkpoint_share"};
}

std::string line_of(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) {
    line += (line.empty() ? "" : ",") + cell;
  }
  return line + "\n";
}

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells(1);
  for (const char character : line) {
    if (character == ',') {
      cells.emplace_back();
    } else {
      cells.back() += character;
    }
  }
  return cells;
}

template <typename Number>
Number number_in(const std::string& cell) {
  Number value{};
  std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return value;
}

}  // namespace

template <typename Real>
MetricsFile<Real>::MetricsFile(MetricsOptions options, const training::TrainingState<Real>& state)
    : options_(std::move(options)), samples_before_(state.history.samples) {
  if (state.stopping.steps > 0 && std::filesystem::exists(options_.path)) {
    continue_file(state);
  } else {
    file_.open(options_.path, std::ios::trunc);
    write(header(options_.metric));
  }
  if (!file_) {
    throw core::InputOutputError(options_.path.string() + ": cannot be written");
  }
}

// Finds what an uninterrupted run would not have written up to this step.
template <typename Real>
void MetricsFile<Real>::continue_file(const training::TrainingState<Real>& state) {
  std::ifstream old_file(options_.path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(old_file)), std::istreambuf_iterator<char>());
  const std::string expected_header = line_of(header(options_.metric));
  if (!text.starts_with(expected_header)) {
    throw core::InputOutputError(options_.path.string() +
                                 ": has other columns than this run would write; move the file away to go on");
  }
  std::size_t kept = expected_header.size();
  std::vector<std::string> last_row;
  for (std::size_t end = text.find('\n', kept); end != std::string::npos; end = text.find('\n', kept)) {
    std::vector<std::string> cells = cells_of(std::string_view(text).substr(kept, end - kept));
    if (cells.size() <= seconds_column || number_in<std::uint64_t>(cells[step_column]) > state.stopping.steps) {
      break;
    }
    seconds_before_ = number_in<double>(cells[seconds_column]);
    if (number_in<std::uint64_t>(cells[step_column]) == state.stopping.steps) {
      last_row = std::move(cells);
      break;
    }
    kept = end + 1;
  }
  kept_bytes_ = kept;
  if (!last_row.empty() && is_regular(state.stopping.steps, state.sampler.step == 0)) {
    std::fill(last_row.begin() + test_column, last_row.begin() + stop_column + 1, "");
    kept_row_ = std::move(last_row);
  }
  file_.open(options_.path, std::ios::app);
}

template <typename Real>
void MetricsFile<Real>::take_back() {
  std::error_code error;
  std::filesystem::resize_file(options_.path, *kept_bytes_, error);
  kept_bytes_.reset();
  if (error) {
    file_.setstate(std::ios::failbit);
  }
  if (!kept_row_.empty()) {
    write(kept_row_);
  }
}

template <typename Real>
bool MetricsFile<Real>::is_regular(std::uint64_t step, bool epoch_finished) const {
  return epoch_finished || (options_.every_steps > 0 && step % options_.every_steps == 0);
}

template <typename Real>
void MetricsFile<Real>::step_finished(const training::StepReport& report, const training::TrainingState<Real>& state) {
  if (kept_bytes_) {
    take_back();
  }
  if (is_regular(state.stopping.steps, report.epoch_finished) || report.stop != training::StopReason::none) {
    write(row(report, state));
  }
}

template <typename Real>
std::vector<std::string> MetricsFile<Real>::row(const training::StepReport& report,
                                                const training::TrainingState<Real>& state) const {
  const double nll = state.history.epoch_nll();
  std::vector<std::string> cells{std::to_string(state.stopping.steps),     std::to_string(state.sampler.epoch),
                                 std::to_string(state.history.samples),    exact_text(nll),
                                 exact_text(nll + state.stopping.penalty), exact_text(state.stopping.gradient_norm),
                                 exact_text(report.learning_rate)};
  for (const auto& evaluation : {report.validation, report.test}) {
    cells.push_back(evaluation ? exact_text(evaluation->nll) : "");
    cells.push_back(evaluation ? exact_text(evaluation->metric) : "");
  }
  cells.emplace_back(training::stop_reason_name(report.stop));

  const double seconds = timer_.seconds();
  cells.push_back(short_text(seconds_before_ + seconds, 6));
  cells.push_back(short_text(static_cast<double>(state.history.samples - samples_before_) / seconds, 6));
  for (const double phase_seconds : report.seconds.values) {
    cells.push_back(short_text(phase_seconds / seconds, 3));
  }
  return cells;
}

template <typename Real>
void MetricsFile<Real>::write(const std::vector<std::string>& cells) {
  file_ << line_of(cells) << std::flush;
  if (!file_ && !warned_) {
    std::cerr << "cauchy: warning: " << options_.path.string() << " cannot be written; training goes on without it\n";
    warned_ = true;
  }
}

template class MetricsFile<float>;
template class MetricsFile<double>;

}  // namespace cauchy::reporting

// metrics.csv.

#include "cauchy/reporting/metrics_file.hpp"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "cauchy/core/error.hpp"
#include "cauchy/reporting/number.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::reporting {
namespace {

// Where a row is in the run.
constexpr std::size_t step_column = 0;
constexpr std::size_t epoch_column = 1;

std::vector<std::string> header(const std::vector<std::string>& metrics) {
  std::vector<std::string> names{"step",      "epoch",         "samples",       "nll",
                                 "objective", "gradient_norm", "learning_rate", "repetitions"};
  for (const std::string data : {"validation_", "test_"}) {
    names.push_back(data + "nll");
    for (const std::string& metric : metrics) {
      names.push_back(data + metric);
    }
  }
  for (const char* const name : {"stop", "seconds", "samples_per_second", "data_share", "compute_share",
                                 "communication_share", "checkpoint_share"}) {
    names.emplace_back(name);
  }
  return names;
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

storage::Descriptor opened(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored) ? storage::Descriptor::open_to_change(path)
                                                : storage::Descriptor::create(path);
}

}  // namespace

template <typename Real>
MetricsFile<Real>::MetricsFile(MetricsOptions options, const training::TrainingState<Real>& state)
    : options_(std::move(options)), file_(opened(options_.path)), samples_before_(state.history.samples) {
  if (state.stopping.steps > 0 && file_.size() > 0) {
    continue_file(state);
  } else {
    start_file();
  }
}

template <typename Real>
void MetricsFile<Real>::start_file() {
  file_.resize(0);
  const std::string line = line_of(header(options_.metrics));
  file_.write_at(0, std::as_bytes(std::span(line)));
  end_ = line.size();
}

// Finds what an uninterrupted run would not have written up to this step.
template <typename Real>
void MetricsFile<Real>::continue_file(const training::TrainingState<Real>& state) {
  std::string text(file_.size(), '\0');
  file_.read_at(0, std::as_writable_bytes(std::span(text)));
  const std::string expected_header = line_of(header(options_.metrics));
  if (!text.starts_with(expected_header)) {
    throw core::InputOutputError(options_.path.string() +
                                 ": has other columns than this run would write; move the file away to go on");
  }
  const std::uint64_t steps = state.stopping.steps;
  std::vector<std::string> last_row(seconds_column() + 1);  // before the first row every number is zero
  std::size_t kept = expected_header.size();
  for (std::size_t end = text.find('\n', kept); end != std::string::npos; end = text.find('\n', kept)) {
    std::vector<std::string> cells = cells_of(std::string_view(text).substr(kept, end - kept));
    if (cells.size() <= seconds_column() || number_in<std::uint64_t>(cells[step_column]) > steps ||
        number_in<std::uint64_t>(cells[step_column]) <= number_in<std::uint64_t>(last_row[step_column])) {
      break;
    }
    last_row = std::move(cells);
    if (number_in<std::uint64_t>(last_row[step_column]) == steps) {
      break;
    }
    kept = end + 1;
  }
  end_ = kept;
  surplus_ = true;
  seconds_before_ = number_in<double>(last_row[seconds_column()]);
  warn_of_missing_rows(last_row, state);
  if (number_in<std::uint64_t>(last_row[step_column]) == steps && is_regular(steps, state.sampler.step == 0)) {
    std::ranges::fill(std::span(last_row).subspan(test_column(), stop_column() + 1 - test_column()), "");
    pending_ = line_of(last_row);
  }
}

// What must be there: a row of every epoch.
template <typename Real>
void MetricsFile<Real>::warn_of_missing_rows(const std::vector<std::string>& last_row,
                                             const training::TrainingState<Real>& state) const {
  if (number_in<std::uint64_t>(last_row[epoch_column]) < state.sampler.epoch) {
    std::cerr << "cauchy: warning: " << options_.path.string() << " ends at step "
              << number_in<std::uint64_t>(last_row[step_column]) << ", before the checkpoint's step "
              << state.stopping.steps << ": rows are missing\n";
  }
}

template <typename Real>
bool MetricsFile<Real>::is_regular(std::uint64_t step, bool epoch_finished) const {
  return epoch_finished || (options_.every_steps > 0 && step % options_.every_steps == 0);
}

template <typename Real>
void MetricsFile<Real>::step_finished(const training::StepReport& report, const training::TrainingState<Real>& state) {
  const bool last = report.stop != training::StopReason::none;
  const bool due = last || is_regular(state.stopping.steps, report.epoch_finished);
  if (due) {
    pending_ += line_of(row(report, state));
  }
  if (due || surplus_) {
    write_pending();
  }
  if (last && !pending_.empty()) {
    std::cerr << "cauchy: warning: rows missing at the end of " << options_.path.string() << ": "
              << std::ranges::count(pending_, '\n') << "\n";
  }
}

template <typename Real>
void MetricsFile<Real>::sync() noexcept {
  const std::lock_guard lock(mutex_);
  try {
    file_.sync();
  } catch (const storage::StorageError&) {
    // Rows are worth no more than a warning, and the next write gives it.
  }
}

template <typename Real>
std::vector<std::string> MetricsFile<Real>::row(const training::StepReport& report,
                                                const training::TrainingState<Real>& state) const {
  const double nll = state.history.epoch_nll();
  std::vector<std::string> cells{std::to_string(state.stopping.steps),     std::to_string(state.sampler.epoch),
                                 std::to_string(state.history.samples),    exact_text(nll),
                                 exact_text(nll + state.stopping.penalty), exact_text(state.stopping.gradient_norm),
                                 exact_text(report.learning_rate),         std::to_string(state.history.repetitions)};
  for (const auto& evaluation : {report.validation, report.test}) {
    cells.push_back(evaluation ? exact_text(evaluation->nll) : "");
    for (std::size_t i = 0; i < options_.metrics.size(); ++i) {
      cells.push_back(evaluation ? exact_text(evaluation->metrics[i]) : "");
    }
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
void MetricsFile<Real>::start_anew_if_removed() {
  if (file_.is_at(options_.path)) {
    return;
  }
  const std::lock_guard lock(mutex_);
  file_ = storage::Descriptor::open_or_create(options_.path);
  surplus_ = false;
  start_file();
  std::cerr << "cauchy: warning: " << options_.path.string() << " was removed; it starts anew\n";
}

// A line that was written in part is written again from its start. What is surplus goes last: a process that ends in
// between leaves behind the new rows what continue_file() cuts off, and not a file without rows that are due.
template <typename Real>
void MetricsFile<Real>::write_pending() {
  try {
    start_anew_if_removed();
    file_.write_at(end_, std::as_bytes(std::span(pending_)));
    end_ += pending_.size();
    pending_.clear();
    if (surplus_) {
      file_.resize(end_);
      surplus_ = false;
    }
    write_failed_ = false;
  } catch (const storage::StorageError& error) {
    if (!write_failed_) {
      std::cerr << "cauchy: warning: " << error.what() << "; training goes on, and rows wait in memory\n";
    }
    write_failed_ = true;
  }
}

template class MetricsFile<float>;
template class MetricsFile<double>;

}  // namespace cauchy::reporting

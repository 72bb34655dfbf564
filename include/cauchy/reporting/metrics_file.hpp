#pragma once
/// metrics.csv: how training went, for plots and scripts.

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "cauchy/core/timer.hpp"
#include "cauchy/storage/descriptor.hpp"
#include "cauchy/training/observer.hpp"

namespace cauchy::reporting {

struct MetricsOptions {
  std::filesystem::path path;
  std::vector<std::string> metrics;  ///< the likelihood's, such as "accuracy"
  std::uint64_t every_steps = 0;     ///< rows beside those of epochs; 0: none
};

/// One row at the end of each epoch, every so many steps, and at the end of the run. Columns:
///
///     step, epoch (completed), samples (used so far), nll (mean over the epoch so far), objective (nll + penalty),
///     gradient_norm and learning_rate of the step, repetitions (steps so far whose gradients did not fit the units of
///     the sum at first), validation_nll, validation_<metric> of each, test_nll, test_<metric> of each, stop (why the
///     run ended), seconds, samples_per_second, and the root's share of time in data, compute, communication,
///     checkpoint
///
/// A resumed run continues the file: with its first step it takes back the rows of later steps, and what the end of the
/// earlier run added to the last row, so that the columns before `seconds` are those of a run that never stopped. It
/// warns where rows before the checkpoint are missing.
///
/// While the file cannot be written, which is told once, training goes on, and rows wait in memory for the next
/// attempt, which comes with the next row. None is lost unless the run ends before the file can be written again. A
/// file that was removed is started anew, with a warning.
template <typename Real>
class MetricsFile final : public training::Observer<Real> {
 public:
  /// For a run that goes on from `state`: continues the file if a step is done and there is one, and starts an
  /// empty one otherwise. Throws core::InputOutputError.
  MetricsFile(MetricsOptions options, const training::TrainingState<Real>& state);

  void step_finished(const training::StepReport& report, const training::TrainingState<Real>& state) override;

  /// Brings what has been written to the device, as far as the file system lets it. On any thread.
  void sync() noexcept;

 private:
  std::vector<std::string> row(const training::StepReport& report, const training::TrainingState<Real>& state) const;
  void start_file();
  void continue_file(const training::TrainingState<Real>& state);
  void warn_of_missing_rows(const std::vector<std::string>& last_row, const training::TrainingState<Real>& state) const;
  bool is_regular(std::uint64_t step, bool epoch_finished) const;
  void write_pending();
  void start_anew_if_removed();

  /// Columns that only the end of a run fills, test_nll to stop, and the first one that depends on the clock.
  std::size_t test_column() const { return validation_column + 1 + options_.metrics.size(); }
  std::size_t stop_column() const { return test_column() + 1 + options_.metrics.size(); }
  std::size_t seconds_column() const { return stop_column() + 1; }

  static constexpr std::size_t validation_column = 8;

  MetricsOptions options_;
  std::mutex mutex_;  ///< of file_, against sync() on another thread
  storage::Descriptor file_;
  std::uint64_t end_ = 0;      ///< bytes of the file that hold what they should
  bool surplus_ = false;       ///< an earlier run left more behind them, which the first step takes back
  std::string pending_;        ///< lines that are to follow them and are not written yet
  bool write_failed_ = false;  ///< the last attempt
  core::Timer timer_;
  double seconds_before_ = 0;  ///< those of earlier launches
  std::uint64_t samples_before_ = 0;
};

}  // namespace cauchy::reporting

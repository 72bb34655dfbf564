#pragma once
/// metrics.csv: how training went, for plots and scripts.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "cauchy/core/timer.hpp"
#include "cauchy/training/observer.hpp"

namespace cauchy::reporting {

struct MetricsOptions {
  std::filesystem::path path;
  std::string metric;             ///< the likelihood's, such as "accuracy"
  std::uint64_t every_steps = 0;  ///< rows beside those of epochs; 0: none
};

/// One row at the end of each epoch, every so many steps, and at the end of the run. Columns:
///
///     step, epoch (completed), samples (used so far), nll (mean over the epoch so far), objective (nll + penalty),
///     gradient_norm and learning_rate of the step, validation_nll, validation_<metric>, test_nll, test_<metric>,
///     stop (why the run ended), seconds, samples_per_second, and the root's share of time in data, compute,
///     communication, checkpoint
///
/// A resumed run continues the file: with its first step it takes back the rows of later steps, and what the end of the
/// earlier run added to the last row, so that the columns before `seconds` are those of a run that never stopped. A
/// file that cannot be written is told once; training goes on.
template <typename Real>
class MetricsFile final : public training::Observer<Real> {
 public:
  /// Starts a file for a run that has `steps_done` steps behind it, and continues an existing one if that is not zero.
  /// Throws core::InputOutputError.
  MetricsFile(MetricsOptions options, const training::TrainingState<Real>& state);

  void step_finished(const training::StepReport& report, const training::TrainingState<Real>& state) override;

 private:
  std::vector<std::string> row(const training::StepReport& report, const training::TrainingState<Real>& state) const;
  void continue_file(const training::TrainingState<Real>& state);
  void take_back();
  bool is_regular(std::uint64_t step, bool epoch_finished) const;
  void write(const std::vector<std::string>& cells);

  MetricsOptions options_;
  std::ofstream file_;
  core::Timer timer_;
  double seconds_before_ = 0;  ///< those of earlier launches
  std::uint64_t samples_before_ = 0;
  bool warned_ = false;
  std::optional<std::uint64_t> kept_bytes_;  ///< of a continued file, until the first step takes back the rest
  std::vector<std::string> kept_row_;        ///< the last row, without what the end of the earlier run added
};

}  // namespace cauchy::reporting

#pragma once
/// The progress of a run for people: a line that rewrites itself on a terminal, plain lines elsewhere.

#include <cstdint>
#include <iosfwd>
#include <string>

#include "cauchy/core/timer.hpp"
#include "cauchy/training/observer.hpp"
#include "cauchy/training/options.hpp"

namespace cauchy::reporting {

struct ProgressOptions {
  bool terminal = false;
  std::string metric;  ///< the model's first, such as "accuracy"; empty: it has none
  training::StopOptions stop;
};

/// For the root alone. Lines that stay: about twenty a run where its length is known, and one a second where an epoch
/// takes longer. On a terminal a last line in between shows every fifth of a second where training is:
///
///     epoch  3/30  step  18/180  NLL 0.1913  gradient 0.41  61 000 samples/s  0:04 left
template <typename Real>
class Progress final : public training::Observer<Real> {
 public:
  Progress(ProgressOptions options, std::ostream& output, const training::TrainingState<Real>& state);

  void step_finished(const training::StepReport& report, const training::TrainingState<Real>& state) override;

 private:
  bool deserves_line(const training::StepReport& report, const training::TrainingState<Real>& state) const;
  std::string line(const training::StepReport& report, const training::TrainingState<Real>& state) const;
  double seconds_left(const training::StepReport& report, const training::TrainingState<Real>& state) const;

  ProgressOptions options_;
  std::ostream& output_;
  std::uint64_t first_step_;
  std::uint64_t first_sample_;
  core::Timer run_timer_;
  core::Timer line_timer_;
  core::Timer refresh_timer_;
};

}  // namespace cauchy::reporting

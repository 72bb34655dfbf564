#pragma once
/// Which learning rates make the objective fall: the range test.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace cauchy::optimize {

struct RangeTestOptions {
  double first = 1e-7;
  double last = 10;
  std::uint64_t steps = 100;  ///< at least two
};

/// One step of the test.
struct TestedRate {
  double rate = 0;      ///< ε of the step
  double nll = 0;       ///< mean over its batch, at the Θ before it
  double smoothed = 0;  ///< mean of this and earlier ones, each counting 0.9 times as much as the next
};

enum class RangeTestEnd {
  all_tested,
  rose,      ///< the smoothed NLL was four times the lowest one, and above the first
  diverged,  ///< NLL or gradient were NaN or infinite
};

struct RateSuggestion {
  double steepest = 0;         ///< where the smoothed NLL falls fastest over log ε
  double lowest = 0;           ///< where it is lowest
  bool falls_to_last = false;  ///< there is no larger rate
  /// A tenth of the rate of the lowest NLL, where it still falls and is safe from the rise.
  double rate() const { return lowest / 10; }
};

/// The bookkeeping of a range test, which knows nothing of samples. Training starts with a tiny rate, which grows by a
/// constant factor from step to step, until the NLL explodes: L. N. Smith, "Cyclical learning rates for training neural
/// networks", WACV 2017, arXiv:1506.01186, section 3.3, with the exponential growth, the smoothing with bias correction
/// and the end at four times the lowest of S. Gugger, "How do you find a good learning rate", 2018; and the two
/// suggestions of J. Howard, S. Gugger, "fastai: a layered API for deep learning", arXiv:2002.04688.
///
///     RangeTest test({1e-7, 10, 100});
///     for (std::uint64_t step = 1; test.note(nll_before_step(test.rate(step))); ++step) {}
class RangeTest {
 public:
  explicit RangeTest(const RangeTestOptions& options) : options_(options) {}

  const RangeTestOptions& options() const { return options_; }

  /// ε of a step, counted from 1.
  double rate(std::uint64_t step) const;

  /// The NLL of the next step's batch. Whether another step is to follow.
  bool note(double nll);

  /// Instead of an NLL.
  void note_divergence() { end_ = RangeTestEnd::diverged; }

  const std::vector<TestedRate>& tested() const { return tested_; }
  RangeTestEnd end() const { return end_; }

  /// None if the NLL did not fall beyond the first tenth of the steps, whose means are those of few batches.
  std::optional<RateSuggestion> suggestion() const;

 private:
  RangeTestOptions options_;
  double sum_ = 0;     ///< Σ 0.9^(age)·NLL
  double weight_ = 0;  ///< Σ 0.9^(age)
  std::size_t lowest_ = 0;
  std::vector<TestedRate> tested_;
  RangeTestEnd end_ = RangeTestEnd::all_tested;
};

}  // namespace cauchy::optimize

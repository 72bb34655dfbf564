#pragma once
/// What the targets of a whole data set look like.

#include <cstdint>
#include <string_view>
#include <vector>

namespace cauchy::model {

/// Figures of all targets of a data set, the same on every rank. Means and variances are weighted.
struct TargetSummary {
  std::uint64_t rows = 0;
  double weight = 0;             ///< Σ w, the number of rows where there are no weights
  double largest_weight = 1;     ///< 1 where there are no weights
  double exposure = 0;           ///< Σ w·exposure, Σ w where there is none
  std::vector<double> mean;      ///< of each column, Σ w·y / Σ w
  std::vector<double> variance;  ///< of each column, Σ w·(y - mean)² / Σ w
  double smallest = 0;
  double largest = 0;
  bool whole_numbers = false;  ///< all of them
};

/// Where the targets of each column lie, and how wide: a likelihood of measurements that has it takes its outputs for
/// those of (y - mean)/deviation, and tells everything in the units of y.
struct TargetScale {
  std::vector<double> mean;       ///< (target columns), or empty: targets as they are
  std::vector<double> deviation;  ///< (target columns), positive

  bool active() const { return !mean.empty(); }
  bool operator==(const TargetScale&) const = default;
};

/// Mean and standard deviation of each column; 1 for a constant one.
TargetScale scale_of(const TargetSummary& targets);

/// The name of the likelihood that such targets look made for: bernoulli where all are 0 or 1, categorical for one
/// column of few different whole numbers from 0 on, and poisson or negative_binomial, by the variance, of many;
/// gaussian for everything else.
std::string_view recommended_likelihood(const TargetSummary& targets);

/// The recommended one, where it says more of such targets than the one of this name, which they suit too: where
/// measurements are whole numbers, or counts vary more than a Poisson distribution does. Otherwise empty.
std::string_view better_likelihood(std::string_view name, const TargetSummary& targets);

}  // namespace cauchy::model

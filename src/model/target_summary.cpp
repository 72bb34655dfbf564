// Which likelihood targets look made for.

#include "cauchy/model/target_summary.hpp"

#include <algorithm>
#include <cmath>

namespace cauchy::model {
namespace {

// Counts rarely stay below this, and classes seldom go beyond.
constexpr double most_likely_classes = 20;

// Beyond this ratio of variance to mean counts are hardly from a Poisson distribution, even if features explain a lot.
constexpr double overdispersion = 5;

}  // namespace

TargetScale scale_of(const TargetSummary& targets) {
  TargetScale scale{targets.mean, {}};
  for (const double variance : targets.variance) {
    scale.deviation.push_back(variance > 0 ? std::sqrt(variance) : 1);
  }
  return scale;
}

std::string_view recommended_likelihood(const TargetSummary& targets) {
  if (!targets.whole_numbers || targets.smallest < 0) {
    return "gaussian";
  }
  if (targets.largest <= 1) {
    return "bernoulli";
  }
  if (targets.mean.size() == 1 && targets.largest < most_likely_classes) {
    return "categorical";
  }
  for (std::size_t k = 0; k < targets.mean.size(); ++k) {
    if (targets.variance[k] > overdispersion * targets.mean[k]) {
      return "negative_binomial";
    }
  }
  return "poisson";
}

std::string_view better_likelihood(std::string_view name, const TargetSummary& targets) {
  const std::string_view recommended = recommended_likelihood(targets);
  const bool of_classes = name == "categorical" || name == "bernoulli";
  const bool of_counts = name == "poisson" || name == "negative_binomial";
  const bool says_more = of_counts ? recommended == "bernoulli" || recommended == "negative_binomial"
                                   : !of_classes && recommended != "gaussian";
  return says_more && recommended != name ? recommended : std::string_view();
}

}  // namespace cauchy::model

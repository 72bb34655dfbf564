// Which learning rates make the objective fall.

#include "cauchy/optimize/range_test.hpp"

#include <algorithm>
#include <cmath>

namespace cauchy::optimize {
namespace {

constexpr double kept = 0.9;  // of the mean, from step to step: it follows within a decade of rates

}  // namespace

double RangeTest::rate(std::uint64_t step) const {
  const double share = static_cast<double>(step - 1) / static_cast<double>(options_.steps - 1);
  return options_.first * std::pow(options_.last / options_.first, share);
}

bool RangeTest::note(double nll) {
  sum_ = kept * sum_ + nll;
  weight_ = kept * weight_ + 1;
  tested_.push_back({rate(tested_.size() + 1), nll, sum_ / weight_});
  const double smoothed = tested_.back().smoothed;
  if (smoothed < tested_[lowest_].smoothed) {
    lowest_ = tested_.size() - 1;
  }
  // An NLL may be negative.
  const double lowest = tested_[lowest_].smoothed;
  if (smoothed > lowest + 3 * std::abs(lowest) && smoothed > tested_.front().smoothed) {
    end_ = RangeTestEnd::rose;
    return false;
  }
  return tested_.size() < options_.steps;
}

std::optional<RateSuggestion> RangeTest::suggestion() const {
  const std::size_t first = std::max<std::size_t>(1, options_.steps / 10);
  if (lowest_ <= first) {
    return std::nullopt;
  }
  const auto slope = [&](std::size_t i) { return tested_[i].smoothed - tested_[i - 1].smoothed; };
  std::size_t steepest = first;
  for (std::size_t i = first; i <= lowest_; ++i) {
    steepest = slope(i) < slope(steepest) ? i : steepest;
  }
  return RateSuggestion{tested_[steepest].rate, tested_[lowest_].rate, lowest_ + 1 == options_.steps};
}

}  // namespace cauchy::optimize

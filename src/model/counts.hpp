#pragma once
/// What likelihoods of counts share.

#include <cmath>
#include <numbers>

#include "special_functions.hpp"

namespace cauchy::model {

/// -log p(y) of a Poisson distribution of mean y: δ(y) + ½·log 2πy, y > 0.
inline double saturated_nll(double y, double log_y) {
  static const double log_two_pi = std::log(2 * std::numbers::pi);
  return stirling_remainder(y, log_y) + 0.5 * (log_two_pi + log_y);
}

/// What keeps y from being a count, or null.
inline const char* count_fault(double y) {
  return std::isfinite(y) && y >= 0 && y == std::trunc(y) ? nullptr : "is no count 0, 1, 2, ...";
}

}  // namespace cauchy::model

#pragma once
/// What likelihoods of measurements share.

#include <cmath>

namespace cauchy::model {

/// What keeps y from being a measurement, or null.
inline const char* number_fault(double y) {
  return std::isfinite(y) ? nullptr : "is not a finite number";
}

}  // namespace cauchy::model

// Early recognition of divergence.

#include "cauchy/optimize/divergence.hpp"

#include <algorithm>
#include <cmath>

namespace cauchy::optimize {

bool Divergence::is_far(double value, double factor) const {
  return std::abs(value - first_value) > factor * std::max(1.0, std::abs(first_value));
}

void Divergence::start(double value, double norm) {
  *this = {value, norm, value, 0};
}

bool Divergence::note(double value, double norm, double factor) {
  const bool goes_away = std::abs(value - first_value) > std::abs(last_value - first_value);
  far_off = goes_away && is_far(value, factor) && norm > steep * first_norm ? far_off + 1 : 0;
  last_value = value;
  return far_off >= enough;
}

}  // namespace cauchy::optimize

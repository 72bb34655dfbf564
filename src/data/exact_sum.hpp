#pragma once
/// A sum without rounding.

#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace cauchy::data {

/// The exact sum of doubles, as doubles that do not overlap (J. R. Shewchuk, Adaptive precision floating-point
/// arithmetic, 1997): the same whatever the order, and so whoever added up which of them. Overflow aside.
class ExactSum {
 public:
  void add(double value) {
    std::size_t kept = 0;
    for (double part : parts_) {
      if (std::abs(value) < std::abs(part)) {
        std::swap(value, part);
      }
      const double high = value + part;
      const double low = part - (high - value);
      if (low != 0) {
        parts_[kept++] = low;
      }
      value = high;
    }
    parts_.resize(kept);
    parts_.push_back(value);
  }

  std::span<const double> parts() const { return parts_; }

  /// Rounded. The parts are ones of an exact number, but not the only ones: from the largest down, the first rounding
  /// ends it, and what is left decides a tie.
  double value() const {
    std::size_t i = parts_.size();
    if (i == 0) {
      return 0;
    }
    double high = parts_[--i];
    while (i > 0) {
      const double before = high;
      const double part = parts_[--i];
      high = before + part;
      const double low = part - (high - before);
      if (low != 0) {
        const double further = i > 0 ? parts_[i - 1] : 0;
        const double doubled = 2 * low;
        if ((low < 0 && further < 0) || (low > 0 && further > 0)) {
          const double candidate = high + doubled;
          high = candidate - high == doubled ? candidate : high;
        }
        break;
      }
    }
    return high;
  }

 private:
  std::vector<double> parts_;  ///< ascending in magnitude
};

}  // namespace cauchy::data

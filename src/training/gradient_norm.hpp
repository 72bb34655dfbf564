#pragma once
/// Norms of the objective's gradient, block by block.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "cauchy/linear_algebra/sums.hpp"
#include "cauchy/training/objective.hpp"

namespace cauchy::training {

/// Calls visit(|g|) for the elements of a block of the gradient. With λ₁ on the weights, of the subgradient that is
/// closest to 0: where a weight is 0, any number from -λ₁ to λ₁ may be added.
template <typename Real, typename Visit>
void for_each_magnitude(std::span<const Real> gradient, std::span<const Real> weights, double l1, Visit visit) {
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const auto smooth = static_cast<double>(gradient[i]);
    const double magnitude = std::abs(smooth);
    if (l1 == 0) {
      visit(magnitude);
    } else if (weights[i] == 0) {
      visit(std::max(magnitude - l1, 0.0));
    } else {
      visit(std::abs(smooth + std::copysign(l1, static_cast<double>(weights[i]))));
    }
  }
}

template <typename Real>
double sum_of_squares(std::span<const Real> gradient, std::span<const Real> weights, double l1) {
  if (l1 == 0) {
    return linear_algebra::sum_of_squares<Real>(gradient);
  }
  double sum = 0;
  for_each_magnitude(gradient, weights, l1, [&](double magnitude) { sum += magnitude * magnitude; });
  return sum;
}

template <typename Real>
Powers powers_of(std::span<const Real> gradient, std::span<const Real> weights, double l1, double p) {
  Powers powers;
  for_each_magnitude(gradient, weights, l1,
                     [&](double magnitude) { powers.largest = std::max(powers.largest, magnitude); });
  if (p == 0 || powers.largest == 0) {
    powers.sum = 1;
    return powers;
  }
  for_each_magnitude(gradient, weights, l1,
                     [&](double magnitude) { powers.sum += std::pow(magnitude / powers.largest, p); });
  return powers;
}

/// (Σ|g|ᵖ)^(1/p) from those of blocks, added in their order.
inline double norm_from_powers(std::span<const Powers> blocks, double p) {
  double largest = 0;
  for (const Powers& block : blocks) {
    largest = std::max(largest, block.largest);
  }
  if (p == 0 || largest == 0) {
    return largest;
  }
  double sum = 0;
  for (const Powers& block : blocks) {
    sum += block.sum * std::pow(block.largest / largest, p);
  }
  return largest * std::pow(sum, 1 / p);
}

}  // namespace cauchy::training

#pragma once
/// Norms of the objective's gradient, block by block.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "cauchy/linear_algebra/sums.hpp"

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

/// Σ|g|ᵖ, or the largest |g| for p = 0, which stands for ∞.
template <typename Real>
double sum_of_powers(std::span<const Real> gradient, std::span<const Real> weights, double l1, double p) {
  double sum = 0;
  for_each_magnitude(gradient, weights, l1, [&](double magnitude) {
    sum = p == 0 ? std::max(sum, magnitude) : sum + (p == 1 ? magnitude : std::pow(magnitude, p));
  });
  return sum;
}

/// The norm from the sums of blocks, added in their order.
inline double norm_from_powers(std::span<const double> sums, double p) {
  double total = 0;
  for (const double sum : sums) {
    total = p == 0 ? std::max(total, sum) : total + sum;
  }
  return p == 0 || p == 1 ? total : std::pow(total, 1 / p);
}

}  // namespace cauchy::training

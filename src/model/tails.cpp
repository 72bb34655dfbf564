// Tails of the normal distribution and of Student's.

#include "cauchy/model/tails.hpp"

#include <cmath>
#include <limits>
#include <numbers>

namespace cauchy::model {
namespace {

/// The continued fraction of the incomplete beta function, by Lentz's method (Press et al., Numerical Recipes, section
/// 6.4). Converges in about √max(a, b) steps for x < (a + 1)/(a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  constexpr int most_steps = 100000;
  const auto away_from_zero = [](double value) { return std::abs(value) < tiny ? tiny : value; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double result = d;
  for (int m = 1; m < most_steps; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    result *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    result *= d * c;
    if (std::abs(d * c - 1) < std::numeric_limits<double>::epsilon()) {
      break;
    }
  }
  return result;
}

/// I_x(a, b), the regularised incomplete beta function, with 1 - x given for its digits.
double incomplete_beta(double a, double b, double x, double one_minus_x) {
  if (x <= 0) {
    return 0;
  }
  if (one_minus_x <= 0) {
    return 1;
  }
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log(one_minus_x));
  return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a
                                   : 1 - front * beta_fraction(b, a, one_minus_x) / b;
}

}  // namespace

double two_sided_p_value(double statistic, double degrees_of_freedom) {
  if (std::isnan(statistic)) {
    return statistic;
  }
  if (std::isinf(degrees_of_freedom)) {
    return std::erfc(std::abs(statistic) / std::numbers::sqrt2);
  }
  if (std::isinf(statistic)) {
    return 0;
  }
  const double square = statistic * statistic;
  return incomplete_beta(degrees_of_freedom / 2, 0.5, degrees_of_freedom / (degrees_of_freedom + square),
                         square / (degrees_of_freedom + square));
}

double critical_value(double level, double degrees_of_freedom) {
  double low = 0;
  double high = 1;
  while (two_sided_p_value(high, degrees_of_freedom) > 1 - level && high < 1e300) {
    high *= 2;
  }
  // Halving until no double is between.
  for (double middle = 0.5; middle > low && middle < high; middle = low + (high - low) / 2) {
    (two_sided_p_value(middle, degrees_of_freedom) > 1 - level ? low : high) = middle;
  }
  return high;
}

}  // namespace cauchy::model

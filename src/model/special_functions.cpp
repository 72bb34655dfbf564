// Functions that log-likelihoods are made of.

#include "special_functions.hpp"

#include <array>
#include <cmath>
#include <cstddef>

namespace cauchy::model {
namespace {

constexpr double half_log_two_pi = 0.918938533204672741780;

// From here on the asymptotic series below are exact to the last digits.
constexpr double asymptotic_from = 10;

/// Σ coefficients[k]·x^k.
template <std::size_t Count>
double polynomial(const std::array<double, Count>& coefficients, double x) {
  double sum = 0;
  for (std::size_t k = Count; k-- > 0;) {
    sum = sum * x + coefficients[k];
  }
  return sum;
}

/// Σ B_2k/(2k(2k-1)·x^(2k-1)), x ≥ 10.
double stirling_series(double x) {
  static constexpr std::array<double, 8> coefficients{1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                                                      1.0 / 1188, -691.0 / 360360, 1.0 / 156,  -3617.0 / 122400};
  return polynomial(coefficients, 1 / x / x) / x;
}

}  // namespace

double softplus(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

double sigmoid(double x) {
  const double e = std::exp(-std::abs(x));
  return (x > 0 ? 1 : e) / (1 + e);
}

double expm1_minus_x(double x) {
  if (std::abs(x) > 0.5) {
    return std::expm1(x) - x;
  }
  // x²/2!·(1 + x/3·(1 + x/4·(...))): 0.5^17/19! is beyond the digits of a double.
  double sum = 1;
  for (int k = 18; k > 2; --k) {
    sum = 1 + x / k * sum;
  }
  return x * x / 2 * sum;
}

double log1p_minus_x(double x) {
  if (std::abs(x) > 0.5) {
    return std::log1p(x) - x;
  }
  // With s = x/(2 + x): log(1 + x) = 2(s + s³/3 + s⁵/5 + ...), NIST DLMF 4.6.4, and 2s - x = -x·s; s² ≤ 1/9.
  const double s = x / (2 + x);
  double sum = 0;
  for (int k = 35; k > 1; k -= 2) {
    sum = sum * s * s + 1.0 / k;
  }
  return 2 * s * s * s * sum - x * s;
}

double log1p_over_x(double x) {
  return x == 0 ? 1 : std::isinf(x) ? 0 : std::log1p(x) / x;
}

double stirling_remainder(double x, double log_x) {
  if (x >= asymptotic_from) {
    return stirling_series(x);
  }
  // Γ(x) = Γ(x + n)/(x·(x+1)···(x+n-1)), the first factor by its logarithm.
  double product = 1;
  double shifted = x + 1;
  for (; shifted < asymptotic_from; shifted += 1) {
    product *= shifted;
  }
  const double log_gamma = (shifted - 0.5) * std::log(shifted) - shifted + half_log_two_pi + stirling_series(shifted) -
                           std::log(product) - log_x;
  return log_gamma - (x - 0.5) * log_x + x - half_log_two_pi;
}

double digamma_remainder(double x) {
  // -Σ B_2k/(2k·x^2k).
  static constexpr std::array<double, 8> coefficients{-1.0 / 12,  1.0 / 120,     -1.0 / 252, 1.0 / 240,
                                                      -1.0 / 132, 691.0 / 32760, -1.0 / 12,  3617.0 / 8160};
  return polynomial(coefficients, 1 / x / x) / x / x;
}

double digamma(double x) {
  double sum = 0;
  for (; x < asymptotic_from; x += 1) {
    sum -= 1 / x;
  }
  return sum + (std::log(x) - 0.5 / x + digamma_remainder(x));
}

double trigamma_remainder(double x) {
  // Σ B_2k/x^(2k+1).
  static constexpr std::array<double, 8> coefficients{1.0 / 6,  -1.0 / 30,     1.0 / 42, -1.0 / 30,
                                                      5.0 / 66, -691.0 / 2730, 7.0 / 6,  -3617.0 / 510};
  return polynomial(coefficients, 1 / x / x) / x / x / x;
}

double trigamma(double x) {
  double sum = 0;
  for (; x < asymptotic_from; x += 1) {
    sum += 1 / x / x;
  }
  return sum + ((1 + 0.5 / x) / x + trigamma_remainder(x));
}

}  // namespace cauchy::model

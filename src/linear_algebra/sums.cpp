// Sums in an order that depends on the length alone.

#include "cauchy/linear_algebra/sums.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace cauchy::linear_algebra {
namespace {

constexpr std::size_t block_elements = 4096;
constexpr std::size_t lanes = 8;

/// Σ term(x_i, y_i), in an order that runs as vectors.
template <typename Real, typename Term>
double block_sum(const Real* x, const Real* y, std::size_t count, Term term) {
  std::array<double, lanes> partial{};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      partial[lane] += term(static_cast<double>(x[i + lane]), static_cast<double>(y[i + lane]));
    }
  }
  for (std::size_t lane = 0; i < count; ++i, ++lane) {
    partial[lane] += term(static_cast<double>(x[i]), static_cast<double>(y[i]));
  }
  double sum = 0;
  for (const double value : partial) {
    sum += value;
  }
  return sum;
}

template <typename Real, typename Term>
double sum_of_blocks(std::span<const Real> x, std::span<const Real> y, Term term) {
  double sum = 0;
  for (std::size_t first = 0; first < x.size(); first += block_elements) {
    sum += block_sum(x.data() + first, y.data() + first, std::min(block_elements, x.size() - first), term);
  }
  return sum;
}

/// Σ (scale·x_i)², scale a power of two.
template <typename Real>
double scaled_sum_of_squares(std::span<const Real> values, double scale) {
  return sum_of_blocks(values, values, [scale](double x, double /*x*/) { return (x * scale) * (x * scale); });
}

}  // namespace

template <typename Real>
double sum_of_squares(std::span<const Real> values) {
  return scaled_sum_of_squares(values, 1);
}

template <typename Real>
double dot(std::span<const Real> x, std::span<const Real> y) {
  return sum_of_blocks(x, y, [](double a, double b) { return a * b; });
}

template <typename Real>
double norm(std::span<const Real> values) {
  const double squares = sum_of_squares(values);
  if (std::isfinite(squares)) {
    return std::sqrt(squares);
  }
  // What vanishes at this scale does not count beside numbers whose squares overflow.
  return std::sqrt(scaled_sum_of_squares(values, 0x1p-600)) * 0x1p600;
}

template <typename Real>
bool all_finite(std::span<const Real> values) {
  // As integers, bit patterns are ordered as magnitudes are, with what is not finite above all others; and a maximum of
  // integers is found by vector instructions.
  using Pattern = std::conditional_t<sizeof(Real) == sizeof(std::int32_t), std::int32_t, std::int64_t>;
  Pattern largest = 0;
  for (const Real value : values) {
    largest = std::max(largest, std::bit_cast<Pattern>(std::abs(value)));
  }
  return largest < std::bit_cast<Pattern>(std::numeric_limits<Real>::infinity());
}

template double sum_of_squares(std::span<const float>);
template double sum_of_squares(std::span<const double>);
template double dot(std::span<const float>, std::span<const float>);
template double dot(std::span<const double>, std::span<const double>);
template double norm(std::span<const float>);
template double norm(std::span<const double>);
template bool all_finite(std::span<const float>);
template bool all_finite(std::span<const double>);

}  // namespace cauchy::linear_algebra

// Rounding to the grid and back, in loops that compilers turn into vector instructions.

#include "cauchy/reduction/grid.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace cauchy::reduction {

template <typename Real>
Pattern<Real> pattern_of(Real value) {
  constexpr Pattern<Real> without_sign = std::numeric_limits<Pattern<Real>>::max();
  return std::bit_cast<Pattern<Real>>(value) & without_sign;
}

namespace {

/// The type in which g·2^-e is formed and rounded: float where its 24 bits meet integers of 32, else double.
template <typename Real, typename Integer>
using Scaled = std::conditional_t<Grid<Real, Integer>::rounds_in_float, float, double>;

/// The whole number, or 0 if its magnitude is not below the limit ≤ 2^31; in this form NaN is not.
template <typename Integer, typename Scale>
requires(sizeof(Integer) == sizeof(std::int32_t)) Integer accepted(Scale whole, Scale limit) {
  return static_cast<Integer>(std::abs(whole) < limit ? whole : Scale{0});
}

/// The integer of a whole number of magnitude below 2^51: the last bits of a double whose last bit counts ones.
std::uint64_t last_bits(double whole) {
  constexpr double ones = 0x1.8p52;
  return std::bit_cast<std::uint64_t>(whole + ones) - std::bit_cast<std::uint64_t>(ones);
}

/// The same for a limit ≤ 2^63. AVX2 has no conversion to 64 bits, and a cast would be done one number at a time; in
/// two halves of 32 bits, both of them exact, it is done by vectors.
template <typename Integer>
requires(sizeof(Integer) == sizeof(std::int64_t)) Integer accepted(double whole, double limit) {
  const double high = std::rint(whole * 0x1p-32);
  const double low = whole - high * 0x1p32;
  const auto mask = -static_cast<std::uint64_t>(std::abs(whole) < limit);
  return static_cast<Integer>(((last_bits(high) << 32) + last_bits(low)) & mask);
}

template <bool overwrite, typename Real, typename Integer, typename Scale>
Pattern<Real> round_values(std::span<const Real> values, Scale reciprocal, Scale limit, std::span<Integer> sum) {
  const Real* const value = values.data();
  Integer* const result = sum.data();
  const std::size_t size = sum.size();
  Pattern<Real> largest = 0;
  for (std::size_t i = 0; i < size; ++i) {
    largest = std::max(largest, pattern_of(value[i]));
    const Scale whole = std::rint(static_cast<Scale>(value[i]) * reciprocal);
    const auto rounded = accepted<Integer>(whole, limit);
    result[i] = overwrite ? rounded : result[i] + rounded;
  }
  return largest;
}

constexpr std::int32_t place_of_high = 1 << 16;

/// Value i and its partner, which is `high` elements further on, into the pair i.
template <bool overwrite>
Pattern<float> round_pairs(std::span<const float> values, float reciprocal, float limit, std::span<std::int32_t> sum) {
  const std::size_t half = sum.size();
  const std::size_t pairs = values.size() - half;  // one less than half where a value has no partner
  const float* const low = values.data();
  const float* const high = low + half;
  std::int32_t* const result = sum.data();
  const auto rounded = [&](float value) { return accepted<std::int32_t>(std::rint(value * reciprocal), limit); };
  Pattern<float> largest = 0;
  for (std::size_t i = 0; i < pairs; ++i) {
    largest = std::max(largest, std::max(pattern_of(low[i]), pattern_of(high[i])));
    const std::int32_t pair = rounded(low[i]) + rounded(high[i]) * place_of_high;
    result[i] = overwrite ? pair : result[i] + pair;
  }
  if (pairs < half) {
    largest = std::max(largest, pattern_of(low[pairs]));
    result[pairs] = rounded(low[pairs]) + (overwrite ? 0 : result[pairs]);
  }
  return largest;
}

template <bool overwrite, typename Real, typename Integer, typename Scale>
Pattern<Real> round_to(std::span<const Real> values, Scale reciprocal, Scale limit, std::span<Word<Integer>> sum) {
  if constexpr (in_pairs<Integer>) {
    return round_pairs<overwrite>(values, reciprocal, limit, sum);
  } else {
    return round_values<overwrite, Real, Integer>(values, reciprocal, limit, sum);
  }
}

/// 2^exponent, a normal number.
template <typename Real>
Real power_of_two(int exponent) {
  return std::ldexp(Real{1}, exponent);
}

}  // namespace

template <typename Real>
Pattern<Real> largest_of(std::span<const Real> values) {
  Pattern<Real> largest = 0;
  for (const Real value : values) {
    largest = std::max(largest, pattern_of(value));
  }
  return largest;
}

template <typename Real>
bool all_zero(std::span<const Real> values) {
  constexpr std::size_t step = 64;
  for (std::size_t first = 0; first < values.size(); first += step) {
    if (largest_of(values.subspan(first, std::min(step, values.size() - first))) != 0) {
      return false;
    }
  }
  return true;
}

template <typename Real, typename Integer>
Grid<Real, Integer>::Grid(std::uint64_t summands)
    : bits_(std::numeric_limits<Integer>::digits - static_cast<int>(std::bit_width(summands - 1))) {
  if (summands < 1 || summands > most_summands) {
    throw std::invalid_argument("no grid for sums of " + std::to_string(summands) + " gradients");
  }
}

template <typename Real, typename Integer>
bool Grid<Real, Integer>::fits(Pattern<Real> largest, int exponent) const {
  using Scale = Scaled<Real, Integer>;
  const auto value = static_cast<Scale>(std::bit_cast<Real>(largest));
  return std::rint(value * power_of_two<Scale>(-exponent)) < power_of_two<Scale>(bits_);
}

template <typename Real, typename Integer>
int Grid<Real, Integer>::exponent_for(Pattern<Real> largest) const {
  if (largest == 0) {
    return lowest_exponent;
  }
  const int above = std::ilogb(std::bit_cast<Real>(largest)) + 1;  // largest < 2^above
  return std::clamp(above + headroom - bits_, lowest_exponent, highest_exponent);
}

template <typename Real, typename Integer>
Pattern<Real> Grid<Real, Integer>::round(std::span<const Real> values, int exponent, std::span<Word<Integer>> sum,
                                         bool overwrite) const {
  using Scale = Scaled<Real, Integer>;
  const auto reciprocal = power_of_two<Scale>(-exponent);
  const auto limit = power_of_two<Scale>(bits_);
  return overwrite ? round_to<true, Real, Integer>(values, reciprocal, limit, sum)
                   : round_to<false, Real, Integer>(values, reciprocal, limit, sum);
}

template <typename Real, typename Integer>
void mean_of_sum(std::span<const Word<Integer>> sum, int exponent, double divisor, std::span<Real> values) {
  const double factor = power_of_two<double>(exponent) / divisor;
  const auto mean = [factor](Word<Integer> value) { return static_cast<Real>(static_cast<double>(value) * factor); };
  if constexpr (in_pairs<Integer>) {
    const std::size_t half = words<Integer>(values.size());
    for (std::size_t i = 0; i < half; ++i) {
      values[i] = mean(static_cast<std::int16_t>(sum[i]));
    }
    for (std::size_t i = half; i < values.size(); ++i) {
      const std::int32_t pair = sum[i - half];
      values[i] = mean((pair - static_cast<std::int16_t>(pair)) / place_of_high);
    }
  } else {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = mean(sum[i]);
    }
  }
}

// In units, where nothing can overflow: the product of a remainder and a power of two.
void keep_remainders(std::span<float> values, int exponent) {
  const auto unit = power_of_two<float>(exponent);
  const auto reciprocal = power_of_two<float>(-exponent);
  for (float& value : values) {
    const float scaled = value * reciprocal;
    value = (scaled - std::rint(scaled)) * unit;
  }
}

template Pattern<float> pattern_of(float);
template Pattern<double> pattern_of(double);
template Pattern<float> largest_of(std::span<const float>);
template Pattern<double> largest_of(std::span<const double>);
template bool all_zero(std::span<const float>);
template bool all_zero(std::span<const double>);
template class Grid<float, std::int16_t>;
template class Grid<float, std::int32_t>;
template class Grid<float, std::int64_t>;
template class Grid<double, std::int32_t>;
template class Grid<double, std::int64_t>;
template void mean_of_sum<float, std::int16_t>(std::span<const std::int32_t>, int, double, std::span<float>);
template void mean_of_sum<float, std::int32_t>(std::span<const std::int32_t>, int, double, std::span<float>);
template void mean_of_sum<float, std::int64_t>(std::span<const std::int64_t>, int, double, std::span<float>);
template void mean_of_sum<double, std::int32_t>(std::span<const std::int32_t>, int, double, std::span<double>);
template void mean_of_sum<double, std::int64_t>(std::span<const std::int64_t>, int, double, std::span<double>);

}  // namespace cauchy::reduction

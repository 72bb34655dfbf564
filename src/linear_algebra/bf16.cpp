// Rounding to 16 bits by integer arithmetic, in loops that compilers turn into vector instructions.

#include "cauchy/linear_algebra/bf16.hpp"

#include <bit>
#include <cstddef>

namespace cauchy::linear_algebra {
namespace {

/// A float whose lower half is zero.
std::uint32_t rounded_pattern(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t nearest = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000;
  const bool is_nan = (bits & 0x7fffffff) > 0x7f800000;
  return is_nan ? bits | 0x00400000 : nearest;  // the highest bit of the fraction makes a quiet NaN
}

}  // namespace

void round_to_bf16(std::span<const float> values, std::span<Bf16> rounded) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    rounded[i] = static_cast<Bf16>(rounded_pattern(values[i]) >> 16);
  }
}

void widen(std::span<const Bf16> values, std::span<float> widened) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    widened[i] = std::bit_cast<float>(std::uint32_t{values[i]} << 16);
  }
}

}  // namespace cauchy::linear_algebra

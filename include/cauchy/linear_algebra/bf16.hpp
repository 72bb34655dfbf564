#pragma once
/// Numbers of 16 bits with the range of a float: its upper half, sign, 8 bits of exponent and 7 of fraction.

#include <cstdint>
#include <span>

namespace cauchy::linear_algebra {

using Bf16 = std::uint16_t;

/// The nearest bf16 to each value, of two equally near ones the even one; beyond the largest, infinity; NaN stays NaN.
/// Spans of one length.
void round_to_bf16(std::span<const float> values, std::span<Bf16> rounded);

/// The same numbers as floats.
void widen(std::span<const Bf16> values, std::span<float> widened);

}  // namespace cauchy::linear_algebra

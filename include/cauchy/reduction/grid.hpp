#pragma once
/// The grid of integers that gradients are rounded to: rounding, and back.
///
/// Instantiated for Real = float, double and Integer = std::int32_t, std::int64_t, and for float and std::int16_t. The
/// arithmetic, an example with numbers, and error bounds: src/reduction/README.md.

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace cauchy::reduction {

/// The bit pattern of |x|. Patterns are ordered as the numbers are, with infinity above all of them and NaN above
/// infinity, so that an integer maximum tells the largest magnitude, and whether anything is not finite, in any order.
template <typename Real>
using Pattern = std::conditional_t<sizeof(Real) == sizeof(std::int32_t), std::int32_t, std::int64_t>;

template <typename Real>
Pattern<Real> pattern_of(Real value);

/// The pattern of the largest magnitude; 0 of nothing.
template <typename Real>
Pattern<Real> largest_of(std::span<const Real> values);

/// Whether all values are 0. Stops at the first few that are not.
template <typename Real>
bool all_zero(std::span<const Real> values);

/// What sums are kept in and travel as: themselves; those of 16 bits in pairs, low + 2^16·high, added as one integer of
/// 32, since sums of 16 bits saturate in MPI libraries. The halves do not disturb each other: with magnitudes of at
/// most 2^15 - 1 the pair has one of at most (2^15 - 1)·(2^16 + 1) < 2^31, and low is the only number of 16 bits that
/// equals it modulo 2^16.
template <typename Integer>
constexpr bool in_pairs = std::is_same_v<Integer, std::int16_t>;
template <typename Integer>
using Word = std::conditional_t<in_pairs<Integer>, std::int32_t, Integer>;

/// How many words hold so many sums. Of n sums in pairs, sum i lies with sum i + ⌈n/2⌉, so that loops are vectors.
template <typename Integer>
constexpr std::size_t words(std::size_t sums) {
  return in_pairs<Integer> ? (sums + 1) / 2 : sums;
}

/// Multiples of a unit 2^e, such that `summands` of them (V·A: one for each shard and accumulated step) can be added
/// in any order, in any grouping, without a partial sum that Integer cannot hold: with c = ⌈log2 summands⌉ a value
/// g is accepted if |rint(g·2^-e)| < 2^bits, bits = 15 - c, 31 - c or 63 - c, and then
/// |Σ| ≤ summands·(2^bits - 1) ≤ 2^(bits + c) - 1.
///
///     Grid<float, std::int32_t> grid(8);          // bits = 28
///     int e = grid.exponent_for(pattern_of(3.0F));     // 3 < 2^2, two bits of headroom: e = 2 + 2 - 28 = -24
template <typename Real, typename Integer>
class Grid {
 public:
  static constexpr std::uint64_t most_summands = std::uint64_t{1} << (in_pairs<Integer> ? 8 : 20);

  /// 1 ≤ summands ≤ most_summands.
  explicit Grid(std::uint64_t summands);

  int bits() const { return bits_; }

  /// Whether a block whose largest magnitude is this can be rounded to multiples of 2^exponent. False for what is not
  /// finite.
  bool fits(Pattern<Real> largest, int exponent) const;

  /// The exponent of the unit for a block whose largest magnitude is this finite one: it leaves `headroom` bits, so
  /// that a magnitude up to 2^headroom times larger still fits. 0: the lowest exponent.
  int exponent_for(Pattern<Real> largest) const;

  /// Bits that a unit leaves above the largest magnitude. int32: so few that a sum over 8 shards is no less exact than
  /// one in float. int64 has bits to spare.
  static constexpr int headroom = sizeof(Integer) == sizeof(std::int64_t) ? 8 : 2;

  /// Units are 2^lowest_exponent to 2^highest_exponent: they and their reciprocals are normal numbers of the type that
  /// rounds, and a unit divided by a number of samples is a normal double. What is far below the lowest unit flushes
  /// to 0; no finite block is too large for the highest.
  static constexpr bool rounds_in_float = std::is_same_v<Real, float> && sizeof(Integer) <= sizeof(std::int32_t);
  static constexpr int lowest_exponent = rounds_in_float ? -126 : -960;
  static constexpr int highest_exponent = rounds_in_float ? 126 : 1022;

  /// sum[i] += rint(values[i]·2^-exponent), half to even, in words(values.size()) words; and the pattern of the largest
  /// magnitude among the values. A value that is not accepted counts as 0, so that no sum can overflow: the caller
  /// learns of it from the pattern, which does not fit. With `overwrite` the sum is written, not read.
  Pattern<Real> round(std::span<const Real> values, int exponent, std::span<Word<Integer>> sum, bool overwrite) const;

 private:
  int bits_;
};

/// values[i] = Real(double(sum[i])·(2^exponent/divisor)).
template <typename Real, typename Integer>
void mean_of_sum(std::span<const Word<Integer>> sum, int exponent, double divisor, std::span<Real> values);

/// values[i] -= rint(values[i]·2^-exponent)·2^exponent: what rounding has left, at most half a unit. As exact as a
/// float can be: only what is below 2^-149 of the unit, or is below 2^-149 itself, is lost.
void keep_remainders(std::span<float> values, int exponent);

}  // namespace cauchy::reduction

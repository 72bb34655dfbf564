// Rounding to the grid against arithmetic that is slow and obvious.

#include "cauchy/reduction/grid.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

namespace cauchy::reduction {
namespace {

template <typename RealType, typename IntegerType>
struct Types {
  using Real = RealType;
  using Integer = IntegerType;
};

template <typename T>
class GridTest : public testing::Test {};
using AllTypes = testing::Types<Types<float, std::int32_t>, Types<float, std::int64_t>, Types<double, std::int32_t>,
                                Types<double, std::int64_t>>;
TYPED_TEST_SUITE(GridTest, AllTypes);

/// rint(value·2^-exponent), half to even, by way of long double, which holds 64 bits.
template <typename Real>
long double whole(Real value, int exponent) {
  return std::nearbyint(std::ldexp(static_cast<long double>(value), -exponent));
}

template <typename Real>
std::vector<Real> values_of_all_sizes(std::size_t count) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> mantissa(-1, 1);
  std::uniform_int_distribution<int> exponent(-30, 0);
  std::vector<Real> values(count);
  for (Real& value : values) {
    value = static_cast<Real>(std::ldexp(mantissa(random), exponent(random)));
  }
  return values;
}

TEST(AllZero, OverlooksNothingButSigns) {
  for (const std::size_t size : {0UL, 1UL, 64UL, 200UL, 4096UL}) {
    std::vector<float> values(size, 0.0F);
    for (std::size_t i = 0; i < size; i += 3) {
      values[i] = -0.0F;
    }
    EXPECT_TRUE(all_zero<float>(values)) << size;
    for (const float other : {std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::quiet_NaN()}) {
      for (const std::size_t place : {std::size_t{0}, size / 2, size - 1}) {
        if (place < size) {
          const float before = std::exchange(values[place], other);
          EXPECT_FALSE(all_zero<float>(values)) << size << ", " << place;
          values[place] = before;
        }
      }
    }
  }
}

TYPED_TEST(GridTest, RoundsAsTheReferenceDoesAndAdds) {
  using Real = typename TypeParam::Real;
  using Integer = typename TypeParam::Integer;
  const Grid<Real, Integer> grid(6);
  for (const std::size_t size : {1UL, 3UL, 8UL, 17UL, 4096UL}) {
    const std::vector<Real> values = values_of_all_sizes<Real>(size);
    const Pattern<Real> largest = largest_of<Real>(values);
    const int exponent = grid.exponent_for(largest);
    ASSERT_TRUE(grid.fits(largest, exponent));
    std::vector<Integer> sum(size, 77);
    EXPECT_EQ(grid.round(values, exponent, sum, true), largest);
    EXPECT_EQ(grid.round(values, exponent, sum, false), largest);
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_EQ(static_cast<long double>(sum[i]), 2 * whole(values[i], exponent)) << values[i];
    }
  }
}

TYPED_TEST(GridTest, HalvesGoToTheEvenNeighbour) {
  using Real = typename TypeParam::Real;
  using Integer = typename TypeParam::Integer;
  const Grid<Real, Integer> grid(1);
  const std::vector<Real> values{0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.75, -0.25};
  std::vector<Integer> sum(values.size());
  grid.round(values, 0, sum, true);
  EXPECT_EQ(sum, (std::vector<Integer>{0, 2, 2, 0, -2, -2, 1, 0}));
}

// At the edge: the largest magnitude that is accepted, from every shard, fits the integer; the next one is refused.
TYPED_TEST(GridTest, NoSumOfAcceptedValuesOverflows) {
  using Real = typename TypeParam::Real;
  using Integer = typename TypeParam::Integer;
  for (const std::uint64_t summands : {1UL, 2UL, 3UL, 4UL, 5UL, 8UL, 16UL, 24UL, 257UL, 4096UL, 4097UL, 1UL << 20}) {
    const Grid<Real, Integer> grid(summands);
    ASSERT_EQ(grid.bits(), std::numeric_limits<Integer>::digits - static_cast<int>(std::ceil(std::log2(summands))));
    const Real limit = std::ldexp(Real{1}, grid.bits());
    // The greatest number whose rounding stays below the limit: half a unit below it, or the number before it.
    const Real below = std::min(std::nextafter(limit, Real{0}), std::nextafter(limit - Real{0.5}, Real{0}));
    ASSERT_TRUE(grid.fits(pattern_of(below), 0));
    ASSERT_FALSE(grid.fits(pattern_of(limit), 0));
    const std::vector<Real> values{below, -below, limit, -limit, 2 * limit, std::numeric_limits<Real>::max()};
    std::vector<Integer> one(values.size());
    grid.round(values, 0, one, true);
    ASSERT_EQ(static_cast<long double>(one[0]), whole(below, 0));
    ASSERT_EQ(one[1], -one[0]);
    ASSERT_LE(static_cast<long double>(one[0]) * static_cast<long double>(summands),
              static_cast<long double>(std::numeric_limits<Integer>::max()));
    // What does not fit counts as nothing, and the maximum tells of it.
    ASSERT_EQ(std::vector<Integer>(one.begin() + 2, one.end()), std::vector<Integer>(4, 0));
    ASSERT_EQ(grid.round(values, 0, one, true), pattern_of(std::numeric_limits<Real>::max()));
  }
}

TYPED_TEST(GridTest, WhatIsNotFiniteNeverFits) {
  using Real = typename TypeParam::Real;
  using Integer = typename TypeParam::Integer;
  const Grid<Real, Integer> grid(4);
  const Real infinity = std::numeric_limits<Real>::infinity();
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  for (const Real value : {infinity, -infinity, nan, -nan}) {
    const std::vector<Real> values{1, value, -3};
    std::vector<Integer> sum(3, 5);
    const Pattern<Real> largest = grid.round(values, -4, sum, false);
    EXPECT_EQ(largest, pattern_of(value));
    EXPECT_FALSE(grid.fits(largest, grid.highest_exponent));
    EXPECT_EQ(sum, (std::vector<Integer>{21, 5, -43}));
  }
  // NaN > infinity > every finite number > 0, whatever the sign.
  EXPECT_GT(pattern_of(nan), pattern_of(infinity));
  EXPECT_GT(pattern_of(-infinity), pattern_of(std::numeric_limits<Real>::max()));
  EXPECT_GT(pattern_of(-std::numeric_limits<Real>::denorm_min()), pattern_of(-Real{0}));
  EXPECT_EQ(pattern_of(-Real{0}), 0);
}

// Every finite magnitude, denormal ones too, has a unit that it fits, with the headroom that was promised.
TYPED_TEST(GridTest, EveryMagnitudeHasAUnit) {
  using Real = typename TypeParam::Real;
  using Integer = typename TypeParam::Integer;
  using Limits = std::numeric_limits<Real>;
  for (const std::uint64_t summands : {1UL, 8UL, 4096UL, 1UL << 20}) {
    const Grid<Real, Integer> grid(summands);
    for (const Real value :
         {Limits::denorm_min(), Limits::min(), Real{1}, Real{3}, Limits::max() / 1000, Limits::max()}) {
      const int exponent = grid.exponent_for(pattern_of(value));
      EXPECT_GE(exponent, grid.lowest_exponent);
      EXPECT_LE(exponent, grid.highest_exponent);
      EXPECT_TRUE(grid.fits(pattern_of(value), exponent)) << value << " of " << summands;
      const Real more = value * (1 << grid.headroom) / 2;
      if (std::isfinite(more)) {
        EXPECT_TRUE(grid.fits(pattern_of(more), exponent)) << value << " of " << summands;
      }
      if (exponent > grid.lowest_exponent && exponent < grid.highest_exponent) {
        EXPECT_GE(whole(value, exponent), std::ldexp(1.0L, grid.bits() - grid.headroom - 1));
      }
    }
    EXPECT_EQ(grid.exponent_for(0), grid.lowest_exponent);
  }
}

TYPED_TEST(GridTest, MeanOfASumIsRoundedOnceFromDouble) {
  using Real = typename TypeParam::Real;
  using Integer = typename TypeParam::Integer;
  const std::vector<Integer> sum{
      0, 1, -1, 3, std::numeric_limits<Integer>::max(), std::numeric_limits<Integer>::min() + 1};
  std::vector<Real> mean(sum.size());
  for (const int exponent : {-126, -20, 0, 20}) {
    for (const double divisor : {1.0, 3.0, 1024.0, 60000.0}) {
      mean_of_sum<Real, Integer>(sum, exponent, divisor, mean);
      for (std::size_t i = 0; i < sum.size(); ++i) {
        EXPECT_EQ(mean[i], static_cast<Real>(static_cast<double>(sum[i]) * (std::ldexp(1.0, exponent) / divisor)));
      }
    }
  }
}

using Pairs = Grid<float, std::int16_t>;

/// The sums in the words of a block of so many.
std::vector<float> unpacked(const std::vector<std::int32_t>& sum, std::size_t size) {
  std::vector<float> values(size);
  mean_of_sum<float, std::int16_t>(sum, 0, 1, values);
  return values;
}

TEST(Pairs, RoundAsTheReferenceDoesAndAdd) {
  const Pairs grid(6);
  for (const std::size_t size : {1UL, 2UL, 3UL, 8UL, 17UL, 4095UL, 4096UL}) {
    const std::vector<float> values = values_of_all_sizes<float>(size);
    const Pattern<float> largest = largest_of<float>(values);
    const int exponent = grid.exponent_for(largest);
    ASSERT_TRUE(grid.fits(largest, exponent));
    std::vector<std::int32_t> sum(words<std::int16_t>(size), 77);
    ASSERT_EQ(sum.size(), (size + 1) / 2);
    EXPECT_EQ(grid.round(values, exponent, sum, true), largest);
    EXPECT_EQ(grid.round(values, exponent, sum, false), largest);
    const std::vector<float> sums = unpacked(sum, size);
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_EQ(static_cast<long double>(sums[i]), 2 * whole(values[i], exponent)) << values[i];
    }
  }
}

TEST(Pairs, OfOneShardHoldWhatOneValueCan) {
  const Pairs grid(1);
  const std::vector<float> values{0.5F, 1.5F, 2.5F, -0.5F, -1.5F, -2.5F, 32767, -32767, 32768, -32768, 32767.5F};
  std::vector<std::int32_t> sum(6);
  EXPECT_EQ(grid.round(values, 0, sum, true), pattern_of(32768.0F));
  EXPECT_EQ(unpacked(sum, 11), (std::vector<float>{0, 2, 2, 0, -2, -2, 32767, -32767, 0, 0, 0}));
}

// Any two sums that can stand side by side, at the ends of the range and around every change of sign, after any number
// of additions; and as MPI adds them, as one integer.
TEST(Pairs, HalvesDoNotDisturbEachOther) {
  for (const std::uint64_t summands : {1UL, 2UL, 3UL, 5UL, 8UL, 100UL, 255UL, 256UL}) {
    const Pairs grid(summands);
    ASSERT_EQ(grid.bits(), 15 - static_cast<int>(std::ceil(std::log2(summands))));
    const float most = std::ldexp(1.0F, grid.bits()) - 1;
    ASSERT_TRUE(grid.fits(pattern_of(most), 0));
    ASSERT_FALSE(grid.fits(pattern_of(most + 1), 0));
    for (const float low : {-most, -1.0F, 0.0F, 1.0F, most}) {
      for (const float high : {-most, -1.0F, 0.0F, 1.0F, most}) {
        const std::vector<float> values{low, low, high};
        std::vector<std::int32_t> sum(2);
        std::vector<std::int32_t> one(2);
        grid.round(values, 0, one, true);
        std::int64_t total = 0;
        for (std::uint64_t i = 0; i < summands; ++i) {
          grid.round(values, 0, sum, i == 0);
          total += one[0];
          ASSERT_EQ(sum[0], total);  // no sum on the way has left the range of the word
        }
        const auto count = static_cast<float>(summands);
        ASSERT_EQ(unpacked(sum, 3), (std::vector<float>{count * low, count * low, count * high}));
      }
    }
  }
}

TEST(Pairs, WhatIsNotFiniteNeverFits) {
  const Pairs grid(4);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float value : {std::numeric_limits<float>::infinity(), nan, -nan}) {
    for (std::size_t place = 0; place < 3; ++place) {
      std::vector<float> values{1, 2, -3};
      values[place] = value;
      std::vector<std::int32_t> sum(2);
      const Pattern<float> largest = grid.round(values, -4, sum, true);
      EXPECT_EQ(largest, pattern_of(value));
      EXPECT_FALSE(grid.fits(largest, grid.highest_exponent));
      std::vector<float> expected{16, 32, -48};
      expected[place] = 0;
      EXPECT_EQ(unpacked(sum, 3), expected);
    }
  }
}

// A value is what was rounded and what is left, to the last bit.
TEST(Pairs, RemaindersAreExact) {
  const Pairs grid(8);
  const std::vector<float> values = values_of_all_sizes<float>(4096);
  for (const int exponent : {-12, -20, 3}) {
    std::vector<float> left = values;
    keep_remainders(left, exponent);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const long double rounded = std::ldexp(whole(values[i], exponent), exponent);
      ASSERT_EQ(static_cast<long double>(left[i]), static_cast<long double>(values[i]) - rounded);
      ASSERT_LE(std::abs(left[i]), std::ldexp(0.5F, exponent));
    }
  }
  // The largest numbers, which rounded may be infinite, and the smallest.
  const int large = grid.exponent_for(pattern_of(std::numeric_limits<float>::max()));
  for (const int exponent : {large, large + 1, grid.highest_exponent}) {
    std::vector<float> left{std::numeric_limits<float>::max(), -std::numeric_limits<float>::denorm_min()};
    keep_remainders(left, exponent);
    EXPECT_LE(std::abs(left[0]), std::ldexp(0.5F, exponent));
    EXPECT_LE(std::abs(left[1]), std::numeric_limits<float>::denorm_min());
  }
}

// The example in src/reduction/README.md.
TEST(Pairs, WorkedExampleOfErrorFeedback) {
  const Pairs grid(4);
  EXPECT_EQ(grid.bits(), 13);
  std::vector<float> residual{0};
  std::vector<std::int32_t> sum(1);
  const std::vector<std::int32_t> rounded{0, 1, 0};
  const std::vector<float> left{0.0004F, -0.000177F, 0.000223F};
  for (std::size_t step = 0; step < rounded.size(); ++step) {
    residual[0] += 0.0004F;
    grid.round(residual, -10, sum, true);
    keep_remainders(residual, -10);
    EXPECT_EQ(sum[0], rounded[step]);
    EXPECT_NEAR(residual[0], left[step], 5e-7F);  // as many digits as the table has
  }
}

TEST(Grid, RefusesSumsThatItCannotPromise) {
  EXPECT_THROW(Pairs(0), std::invalid_argument);
  EXPECT_THROW(Pairs(257), std::invalid_argument);
  EXPECT_THROW((Grid<float, std::int32_t>(0)), std::invalid_argument);
  EXPECT_THROW((Grid<float, std::int32_t>((1UL << 20) + 1)), std::invalid_argument);
}

// The example in src/reduction/README.md.
TEST(Grid, WorkedExample) {
  const Grid<float, std::int32_t> grid(3);
  EXPECT_EQ(grid.bits(), 29);
  const std::vector<std::vector<float>> shards{{0.1F, -2.0F, 1e-9F}, {0.2F, 1.5F, 1e-9F}, {-0.3F, 0.25F, 1e-9F}};
  const int exponent = grid.exponent_for(pattern_of(2.0F));
  EXPECT_EQ(exponent, -25);
  std::vector<std::int32_t> sum(3);
  for (std::size_t shard = 0; shard < shards.size(); ++shard) {
    grid.round(shards[shard], exponent, sum, shard == 0);
  }
  EXPECT_EQ(sum, (std::vector<std::int32_t>{-1, -8388608, 0}));
  std::vector<float> mean(3);
  mean_of_sum<float, std::int32_t>(sum, exponent, 3, mean);
  EXPECT_FLOAT_EQ(mean[1], -0.25F / 3);
}

}  // namespace
}  // namespace cauchy::reduction

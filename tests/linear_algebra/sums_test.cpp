// Sums of squares against long double, and their independence of the address.

#include "cauchy/linear_algebra/sums.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "cauchy/core/random.hpp"

namespace cauchy::linear_algebra {
namespace {

TEST(SumOfSquares, IsAccurateAndDoesNotDependOnTheAddress) {
  core::RandomStream random(1, core::Purpose::initialization, 0, 0);
  for (const std::size_t count : {0UL, 1UL, 7UL, 8UL, 9UL, 4095UL, 4096UL, 4097UL, 100003UL}) {
    std::vector<float> values(count + 1);
    long double expected = 0;
    for (std::size_t i = 0; i < count; ++i) {
      values[i] = static_cast<float>(random.uniform());
      expected += static_cast<long double>(values[i]) * values[i];
    }
    const double sum = sum_of_squares<float>({values.data(), count});
    // Squares of floats are exact in double; each addition rounds by at most ε/2 of a partial sum.
    EXPECT_NEAR(sum, static_cast<double>(expected),
                static_cast<double>(count) * std::numeric_limits<double>::epsilon() * sum);
    std::vector<float> moved(count + 1);
    std::copy_n(values.begin(), count, moved.begin() + 1);
    EXPECT_EQ(sum_of_squares<float>({moved.data() + 1, count}), sum);
  }
}

TEST(Norm, HoldsWhereSquaresOverflow) {
  const std::vector<double> usual{3, -4, 0};
  EXPECT_EQ(norm<double>(usual), 5);
  const std::vector<double> huge{3e200, -4e200, 1};
  EXPECT_NEAR(norm<double>(huge) / 5e200, 1, 4 * std::numeric_limits<double>::epsilon());
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(norm<double>(std::vector<double>{1, infinity}), infinity);
  EXPECT_TRUE(std::isnan(norm<double>(std::vector<double>{1, std::numeric_limits<double>::quiet_NaN()})));
}

TEST(AllFinite, FindsEachKind) {
  std::vector<double> values(100, 1.0);
  EXPECT_TRUE(all_finite<double>(values));
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity()}) {
    values[99] = bad;
    EXPECT_FALSE(all_finite<double>(values));
  }
}

}  // namespace
}  // namespace cauchy::linear_algebra

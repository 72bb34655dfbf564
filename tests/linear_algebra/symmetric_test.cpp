// Eigenvalues of symmetric matrices.

#include "cauchy/linear_algebra/symmetric.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace cauchy::linear_algebra {
namespace {

TEST(EigenSymmetric, OfTheLowerTriangleTheLargestFirst) {
  // Eigenvalues 3 and 1 of 2 1; 1 2, whose upper triangle is not looked at, and 7.
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> lower{2, nan, nan, 1, 2, nan, 0, 0, 7};
  const SymmetricEigen found = eigen_symmetric({lower.data(), 3, 3});
  const std::vector<double> values{7, 3, 1};
  const double half = std::sqrt(0.5);
  const std::vector<double> magnitudes{0, 0, 1, half, half, 0, half, half, 0};
  ASSERT_EQ(found.values.size(), 3U);
  ASSERT_EQ(found.vectors.size(), 9U);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(found.values[k], values[k], 1e-14);
    double largest = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      const double element = found.vectors[3 * k + i];
      EXPECT_NEAR(std::abs(element), magnitudes[3 * k + i], 1e-14);
      largest = std::abs(element) > std::abs(largest) ? element : largest;
    }
    EXPECT_GT(largest, 0);
  }
  EXPECT_NEAR(found.vectors[3] * found.vectors[4], 0.5, 1e-14);   // of 3
  EXPECT_NEAR(found.vectors[6] * found.vectors[7], -0.5, 1e-14);  // of 1
}

}  // namespace
}  // namespace cauchy::linear_algebra

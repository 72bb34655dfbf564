// Inverses of Gram matrices, singular ones included.

#include "cauchy/linear_algebra/semidefinite.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace cauchy::linear_algebra {
namespace {

constexpr double tolerance = 1e-11;

std::vector<double> gram(const std::vector<double>& x, std::size_t columns) {
  std::vector<double> result(columns * columns, 0.0);
  for (std::size_t row = 0; row < x.size() / columns; ++row) {
    for (std::size_t i = 0; i < columns; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        result[i * columns + j] += x[row * columns + i] * x[row * columns + j];
      }
    }
  }
  return result;
}

SemidefiniteInverse inverse_of(const std::vector<double>& lower, std::size_t n) {
  return invert_semidefinite({lower.data(), n, n}, tolerance);
}

TEST(Semidefinite, InvertsWhatIsDefinite) {
  constexpr std::size_t n = 7;
  std::vector<double> x(20 * n);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = std::sin(static_cast<double>(i * i)) * std::pow(10.0, static_cast<double>(i % n));  // columns of all scales
  }
  const std::vector<double> lower = gram(x, n);
  const SemidefiniteInverse result = inverse_of(lower, n);
  EXPECT_EQ(result.dependent, std::vector<bool>(n, false));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double product = 0;
      for (std::size_t k = 0; k < n; ++k) {
        product += lower[std::max(i, k) * n + std::min(i, k)] * result.inverse[k * n + j];
      }
      // In units of the columns' scales; rounding of 20 rows, times the condition of the scaled matrix (below 100).
      EXPECT_NEAR(product * std::pow(10.0, static_cast<double>(j) - static_cast<double>(i)), i == j ? 1 : 0, 1e-11);
    }
  }
}

TEST(Semidefinite, ColumnsThatDependOnEarlierOnesAreLeftOut) {
  // 1, two columns that sum to 1, zero, one more, and 2·(column 1) - 3·(column 4).
  std::vector<double> x;
  for (int row = 0; row < 12; ++row) {
    const double first = row % 3 == 0 ? 1 : 0;
    const double other = std::sin(row);
    x.insert(x.end(), {1, first, 1 - first, 0, other, 2 * first - 3 * other});
  }
  const SemidefiniteInverse result = inverse_of(gram(x, 6), 6);
  EXPECT_EQ(result.dependent, (std::vector<bool>{false, false, true, true, false, true}));
  const auto combination = [&](std::size_t row) {
    return std::vector<double>(result.combination.begin() + static_cast<std::ptrdiff_t>(row * 6),
                               result.combination.begin() + static_cast<std::ptrdiff_t>(row * 6 + 6));
  };
  const auto expect_near = [](const std::vector<double>& found, const std::vector<double>& expected) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i], expected[i], 1e-12) << i;
    }
  };
  expect_near(combination(2), {1, -1, 0, 0, 0, 0});
  expect_near(combination(3), {0, 0, 0, 0, 0, 0});
  expect_near(combination(5), {0, 2, 0, 0, -3, 0});

  // The others have the inverse that they have alone.
  std::vector<double> alone;
  for (std::size_t row = 0; row < 12; ++row) {
    alone.insert(alone.end(), {x[row * 6], x[row * 6 + 1], x[row * 6 + 4]});
  }
  const SemidefiniteInverse expected = inverse_of(gram(alone, 3), 3);
  const std::vector<std::size_t> kept{0, 1, 4};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      EXPECT_DOUBLE_EQ(result.inverse[kept[i] * 6 + kept[j]], expected.inverse[i * 3 + j]);
    }
    EXPECT_EQ(result.inverse[2 * 6 + kept[i]], 0);
  }
}

}  // namespace
}  // namespace cauchy::linear_algebra

// Divergence is recognised early, and nothing else is.

#include "cauchy/optimize/divergence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace cauchy::optimize {
namespace {

// On x²/2 a rate above 2 makes each step ε - 1 times as long as the one before.
TEST(Divergence, IsRecognisedWhenStepsAreTooLong) {
  Divergence divergence;
  double x = 1;
  std::uint64_t step = 0;
  while (step < 1000 && !divergence.note(++step, x * x / 2, std::abs(x))) {
    x *= -1.5;
  }
  // |J - 1/2| > 1000 from 1.5^(2·(k - 1)) > 2001 on, which is k = 11; the fifth of these.
  EXPECT_EQ(step, 15U);
}

TEST(Divergence, IsNotASingleStepThatWentFar) {
  Divergence divergence;
  for (std::uint64_t step = 1; step <= 100; ++step) {
    const bool far = step % 5 != 0;
    EXPECT_FALSE(divergence.note(step, far ? 1e9 : 2, far ? 1e9 : 2)) << step;
  }
}

// From targets in units that make J large at first, down by ten orders of magnitude.
TEST(Divergence, IsNotDescentFromFarAway) {
  Divergence divergence;
  double x = 1e5;
  for (std::uint64_t step = 1; step <= 200; ++step) {
    EXPECT_FALSE(divergence.note(step, x * x / 2, std::abs(x))) << step;
    x *= 0.8;
  }
}

// Where a gradient is zero at first, as that of units that all are the same.
TEST(Divergence, IsNotTheWayFromAFlatStart) {
  Divergence divergence;
  for (std::uint64_t step = 1; step <= 200; ++step) {
    EXPECT_FALSE(divergence.note(step, 0.7 - 1e-3 * static_cast<double>(step), std::pow(1.1, step) * 1e-9)) << step;
  }
}

TEST(Divergence, IsRecognisedWhereThereIsNoMinimum) {
  Divergence divergence;
  double x = 1;
  std::uint64_t step = 0;
  while (step < 10'000 && !divergence.note(++step, -x * x / 2, x)) {
    x *= 1.1;
  }
  EXPECT_LT(step, 60U);
}

}  // namespace
}  // namespace cauchy::optimize

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
  divergence.start(x * x / 2, std::abs(x));
  std::uint64_t step = 0;
  bool away = false;
  for (; step < 1000 && !away; ++step) {
    x *= -1.5;
    away = divergence.note(x * x / 2, std::abs(x), 1000);
  }
  // |J - 1/2| > 1000 from 1.5^(2·k) > 2001 on, which is k = 10; the fifth of these.
  EXPECT_EQ(step, 14U);
}

TEST(Divergence, IsNotASingleStepThatWentFar) {
  Divergence divergence;
  divergence.start(2, 2);
  for (std::uint64_t step = 1; step <= 100; ++step) {
    const bool far = step % 5 != 0;
    EXPECT_FALSE(divergence.note(far ? 1e9 : 2, far ? 1e9 : 2, 1000)) << step;
  }
}

// From targets in units that make J large at first, down by ten orders of magnitude.
TEST(Divergence, IsNotDescentFromFarAway) {
  Divergence divergence;
  double x = 1e5;
  divergence.start(x * x / 2, x);
  for (std::uint64_t step = 1; step <= 200; ++step) {
    EXPECT_FALSE(divergence.note(x * x / 2, std::abs(x), 1000)) << step;
    x *= 0.8;
  }
}

// Where a gradient is zero at first, as that of units that all are the same.
TEST(Divergence, IsNotTheWayFromAFlatStart) {
  Divergence divergence;
  divergence.start(0.7, 1e-9);
  for (std::uint64_t step = 1; step <= 200; ++step) {
    EXPECT_FALSE(divergence.note(0.7 - 1e-3 * static_cast<double>(step), std::pow(1.1, step) * 1e-9, 1000)) << step;
  }
}

// Back from far off, as of a run that goes on with shorter steps.
TEST(Divergence, IsNotTheWayBack) {
  Divergence divergence;
  divergence.start(0.5, 1);
  double x = 1e9;
  for (std::uint64_t step = 1; step <= 60; ++step) {
    EXPECT_FALSE(divergence.note(x * x / 2, std::abs(x), 1000)) << step;
    x *= 0.9;
  }
}

TEST(Divergence, IsRecognisedWhereThereIsNoMinimum) {
  Divergence divergence;
  double x = 1;
  divergence.start(-x * x / 2, x);
  std::uint64_t step = 0;
  for (bool away = false; step < 10'000 && !away; ++step) {
    x *= 1.1;
    away = divergence.note(-x * x / 2, x, 1000);
  }
  EXPECT_LT(step, 60U);
}

}  // namespace
}  // namespace cauchy::optimize

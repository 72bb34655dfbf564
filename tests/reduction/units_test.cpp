// Blocks, widths, and how units follow the gradient.

#include "cauchy/reduction/units.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "cauchy/reduction/width.hpp"

namespace cauchy::reduction {
namespace {

TEST(Blocks, NeverSpanTensors) {
  const std::vector<Extent> tensors{{0, 10000}, {10000, 10}, {10016, 0}, {10016, 4096}};
  const Blocks blocks(tensors);
  ASSERT_EQ(blocks.count(), 5U);
  EXPECT_EQ(blocks[0], (Extent{0, 4096}));
  EXPECT_EQ(blocks[1], (Extent{4096, 4096}));
  EXPECT_EQ(blocks[2], (Extent{8192, 1808}));
  EXPECT_EQ(blocks[3], (Extent{10000, 10}));
  EXPECT_EQ(blocks[4], (Extent{10016, 4096}));
  EXPECT_EQ(blocks.tensors(), 4U);
  EXPECT_EQ(blocks.first_of(1), 3U);
  EXPECT_EQ(blocks.first_of(2), 4U);
  EXPECT_EQ(blocks.first_of(3), 4U);
  EXPECT_EQ(blocks.first_of(4), 5U);
}

TEST(Width, IsAFunctionOfTheProblem) {
  const SumProblem large{.parameters = (1 << 20) + 1, .summands = 256};
  EXPECT_EQ(natural_width(large), Width::int32);
  SumProblem problem = large;
  problem.double_precision = true;
  EXPECT_EQ(natural_width(problem), Width::int64);
  problem = large;
  problem.full_batch = true;
  EXPECT_EQ(natural_width(problem), Width::int64);
  problem = large;
  problem.parameters = 1 << 20;
  EXPECT_EQ(natural_width(problem), Width::int64);
  problem = large;
  problem.summands = 257;
  EXPECT_EQ(natural_width(problem), Width::int64);
}

// What is far below its unit would be rounded to nothing.
TEST(WideUnits, FallAtOnceWhereTheyAreFarTooCoarse) {
  const std::vector<Extent> tensors{{0, 16}};
  const Blocks blocks(tensors);
  const Grid<double, std::int64_t> grid(4);
  const UnitRule<double, std::int64_t> rule(blocks, grid);
  Units units = rule.start();
  const auto largest = [](double value) { return std::array{pattern_of(value)}; };
  rule.raise(units, largest(1e20));
  EXPECT_TRUE(rule.fit(units, largest(1e20)));
  EXPECT_TRUE(rule.fit(units, largest(1e20 / (1 << 20))));
  EXPECT_TRUE(rule.fit(units, largest(0)));
  EXPECT_FALSE(rule.fit(units, largest(1)));
  rule.raise(units, largest(1));
  EXPECT_TRUE(rule.fit(units, largest(1)));
  EXPECT_EQ(units.exponents[0], grid.exponent_for(pattern_of(1.0)));
}

/// Two tensors: three blocks and one.
class UnitRuleTest : public testing::Test {
 protected:
  using Patterns = std::array<Pattern<float>, 4>;

  static Patterns patterns(std::array<float, 4> largest) {
    Patterns result{};
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i] = pattern_of(largest[i]);
    }
    return result;
  }
  int wanted(float largest) const { return grid_.exponent_for(pattern_of(largest)); }
  /// After a surprise.
  int raised(float largest) const { return wanted(largest) + 1; }

  std::vector<Extent> tensors_{{0, 10000}, {10000, 10}};
  Blocks blocks_{tensors_};
  Grid<float, std::int32_t> grid_{4};
  UnitRule<float, std::int32_t> rule_{blocks_, grid_};
  Units units_ = rule_.start();
};

TEST_F(UnitRuleTest, NothingFitsAtFirstButZeros) {
  EXPECT_TRUE(rule_.fit(units_, patterns({0, 0, 0, 0})));
  EXPECT_FALSE(rule_.fit(units_, patterns({0, 0, 1e-20F, 0})));
}

TEST_F(UnitRuleTest, RaisedUnitsFit) {
  for (const float scale : {1e-38F, 1e-20F, 1.0F, 1e20F, 1e38F}) {
    const Patterns largest = patterns({scale, scale * 3, scale / 1000, scale / 7});
    units_ = rule_.start();
    rule_.raise(units_, largest);
    EXPECT_TRUE(rule_.fit(units_, largest)) << scale;
  }
}

TEST_F(UnitRuleTest, ABlockThatWasAlwaysZeroTakesTheLargestUnitOfItsTensor) {
  rule_.raise(units_, patterns({1, 0, 8, 0}));
  EXPECT_EQ(units_.exponents, (std::vector<std::int32_t>{raised(1), raised(8), raised(8), grid_.lowest_exponent}));
  // A zero block that has a unit keeps it.
  rule_.raise(units_, patterns({1, 0, 100, 0}));
  EXPECT_EQ(units_.exponents[1], raised(8));
}

TEST_F(UnitRuleTest, RisesAtOnceAndFallsByOneBitIn32Steps) {
  rule_.raise(units_, patterns({1, 1, 1, 1}));
  const int start = raised(1);
  // A larger maximum that still fits takes the headroom: the unit rises, so that the next has headroom again.
  ASSERT_TRUE(rule_.fit(units_, patterns({1, 5, 1, 1})));
  rule_.follow(units_, patterns({1, 5, 1, 1}));
  EXPECT_EQ(units_.exponents[1], wanted(5));
  EXPECT_EQ(units_.exponents[0], start);

  std::vector<int> exponents;
  for (int step = 0; step < 128; ++step) {
    rule_.follow(units_, patterns({1e-6F, 5, 1, 0}));
    exponents.push_back(units_.exponents[0]);
  }
  // The first follow above was the first step that allowed a smaller unit.
  for (int step = 0; step < 128; ++step) {
    EXPECT_EQ(exponents[static_cast<std::size_t>(step)], start - (step + 2) / 32);
  }
  EXPECT_EQ(units_.exponents[3], start);  // a zero block stays as it was after the first follow
  EXPECT_EQ(units_.ages[3], 1);
}

TEST_F(UnitRuleTest, OneStepThatNeedsTheUnitStartsTheWaitAgain) {
  rule_.raise(units_, patterns({1, 1, 1, 1}));
  for (int step = 0; step < 200; ++step) {
    rule_.follow(units_, patterns({step % 32 == 31 ? 2.0F : 0.01F, 1, 1, 1}));
  }
  EXPECT_EQ(units_.exponents[0], raised(1));
  EXPECT_EQ(units_.exponents[1], wanted(1));
}

TEST_F(UnitRuleTest, NeverFallsBelowTheLowestUnit) {
  rule_.raise(units_, patterns({1e-37F, 1, 1, 1}));
  for (int step = 0; step < 2000; ++step) {
    rule_.follow(units_, patterns({1e-44F, 1, 1, 1}));
  }
  EXPECT_EQ(units_.exponents[0], grid_.lowest_exponent);
  EXPECT_TRUE(rule_.fit(units_, patterns({1e-44F, 1, 1, 1})));
}

}  // namespace
}  // namespace cauchy::reduction

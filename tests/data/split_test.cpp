// Two halves that are a function of seed and row.

#include "cauchy/data/split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cauchy::data {
namespace {

std::vector<std::uint64_t> all_rows(const Split& split, Half half) {
  return split.rows(half, {0, split.size(half)});
}

TEST(Split, PutsEveryRowInOneHalfInOrder) {
  for (const SplitRule rule : {SplitRule::random, SplitRule::position}) {
    for (const std::uint64_t rows : {1UL, 10UL, 4096UL, 4097UL, 20000UL}) {
      for (const double fraction : {0.001, 0.2, 0.5, 0.999}) {
        const Split split({rows, fraction, rule, 7});
        const auto training = all_rows(split, Half::training);
        const auto validation = all_rows(split, Half::validation);
        EXPECT_TRUE(std::ranges::is_sorted(training));
        EXPECT_TRUE(std::ranges::is_sorted(validation));
        std::vector<std::uint64_t> both;
        std::ranges::merge(training, validation, std::back_inserter(both));
        std::vector<std::uint64_t> expected(rows);
        std::iota(expected.begin(), expected.end(), 0U);
        ASSERT_EQ(both, expected) << rows << " rows, fraction " << fraction;
      }
    }
  }
}

TEST(Split, GivesPartsOfAHalfAsTheyStandInIt) {
  for (const SplitRule rule : {SplitRule::random, SplitRule::position}) {
    const Split split({15000, 0.3, rule, 1});
    for (const Half half : {Half::training, Half::validation}) {
      const auto all = all_rows(split, half);
      for (std::uint64_t first = 0; first <= all.size(); first += 977) {
        for (const std::uint64_t size : {0UL, 1UL, 100UL, 4000UL}) {
          const std::uint64_t last = std::min<std::uint64_t>(all.size(), first + size);
          const std::vector<std::uint64_t> expected(all.begin() + static_cast<std::ptrdiff_t>(first),
                                                    all.begin() + static_cast<std::ptrdiff_t>(last));
          ASSERT_EQ(split.rows(half, {first, last}), expected) << first << " to " << last;
        }
      }
    }
  }
}

TEST(Split, DrawsTheFractionThatWasAskedFor) {
  for (const double fraction : {0.01, 0.1, 0.5, 0.9}) {
    const std::uint64_t rows = 1000000;
    const Split split({rows, fraction, SplitRule::random, 3});
    // Five standard deviations of a binomial count: once in two million.
    const double deviation = std::sqrt(static_cast<double>(rows) * fraction * (1 - fraction));
    EXPECT_NEAR(static_cast<double>(split.size(Half::validation)), fraction * static_cast<double>(rows), 5 * deviation);
  }
}

TEST(Split, IsAnotherWithAnotherSeed) {
  EXPECT_NE(all_rows(Split({1000, 0.5, SplitRule::random, 1}), Half::validation),
            all_rows(Split({1000, 0.5, SplitRule::random, 2}), Half::validation));
}

TEST(Split, LeavesRowsWhereTheyAreWhenMoreAreAppended) {
  const auto before = all_rows(Split({5000, 0.2, SplitRule::random, 1}), Half::validation);
  auto after = all_rows(Split({9000, 0.2, SplitRule::random, 1}), Half::validation);
  ASSERT_GE(after.size(), before.size());
  after.resize(before.size());
  EXPECT_EQ(after, before);
}

TEST(Split, ByPositionTakesTheLastRows) {
  const Split split({10, 0.25, SplitRule::position, 0});
  EXPECT_EQ(all_rows(split, Half::validation), (std::vector<std::uint64_t>{7, 8, 9}));
}

// The numbers are part of what a seed means: a change of the rule would change old runs.
TEST(Split, StaysAsItIs) {
  EXPECT_EQ(all_rows(Split({40, 0.2, SplitRule::random, 1}), Half::validation),
            (std::vector<std::uint64_t>{4, 11, 12, 27, 28, 36, 38}));
}

}  // namespace
}  // namespace cauchy::data

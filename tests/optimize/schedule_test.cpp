// Rates as functions of the step.

#include "cauchy/optimize/schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace cauchy::optimize {
namespace {

ScheduleOptions options_of(const std::string& name) {
  ScheduleOptions options;
  options.schedule = name;
  options.schedule_steps = 10;
  options.decay_steps = 4;
  options.decay = 0.5;
  return options;
}

/// Of steps 1, 2, ...
std::vector<double> rates(double learning_rate, const ScheduleOptions& options, std::uint64_t count) {
  const Schedule schedule(learning_rate, options);
  std::vector<double> result;
  for (std::uint64_t number = 1; number <= count; ++number) {
    result.push_back(schedule.rate(number, {}));
  }
  return result;
}

void expect_near(const std::vector<double>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], expected[i], 4e-16 * std::abs(expected[i]) + 1e-17) << "step " << i + 1;  // some roundings
  }
}

TEST(Schedule, ConstantStaysAsItIs) {
  EXPECT_EQ(Schedule(0.3).rate(1, {}), 0.3);
  EXPECT_EQ(rates(0.3, options_of("constant"), 3), (std::vector<double>{0.3, 0.3, 0.3}));
}

TEST(Schedule, StepAndItsSmoothRelatives) {
  expect_near(rates(8, options_of("step"), 9), {8, 8, 8, 8, 4, 4, 4, 4, 2});
  const double root = std::pow(0.5, 0.25);
  expect_near(rates(8, options_of("exponential"), 6),
              {8, 8 * root, 8 * root * root, 8 * root * root * root, 4, 4 * root});
  expect_near(rates(8, options_of("inverse_time"), 5), {8, 8 / 1.25, 8 / 1.5, 8 / 1.75, 4});
}

TEST(Schedule, ThoseWithAnEndArriveThere) {
  ScheduleOptions options = options_of("linear");
  options.final_factor = 0.2;
  expect_near(rates(1, options, 12), {1, 0.92, 0.84, 0.76, 0.68, 0.6, 0.52, 0.44, 0.36, 0.28, 0.2, 0.2});
  options.schedule = "cosine";
  const double half = std::sqrt(0.5);
  options.schedule_steps = 4;
  expect_near(rates(1, options, 6), {1, 0.2 + 0.4 * (1 + half), 0.6, 0.2 + 0.4 * (1 - half), 0.2, 0.2});
}

TEST(Schedule, WarmsUp) {
  ScheduleOptions options = options_of("linear");
  options.warmup_steps = 4;
  options.schedule_steps = 8;
  expect_near(rates(1, options, 9), {0.25, 0.5, 0.75, 1, 1, 0.75, 0.5, 0.25, 0});
  options.schedule = "constant";
  expect_near(rates(2, options, 6), {0.5, 1, 1.5, 2, 2, 2});
}

TEST(Schedule, OneCycleRisesAndFalls) {
  const std::vector<double> found = rates(1, options_of("one_cycle"), 11);
  const double third = 1 + (0.04 - 1) * (1 + std::cos(std::acos(-1.0) / 3)) / 2;
  EXPECT_NEAR(found[0], third, 1e-15);
  EXPECT_EQ(found[2], 1);  // of 10 steps 3 rise
  EXPECT_EQ(found[3], 1);
  EXPECT_LT(found[4], 1);
  EXPECT_NEAR(found[10], 0, 1e-16);
}

TEST(Schedule, PlateauWaitsForALowerNll) {
  ScheduleOptions options = options_of("plateau");
  options.plateau_epochs = 2;
  const Schedule schedule(1, options);
  PlateauState state;
  std::vector<double> found;
  for (const double nll : {3.0, 2.0, 2.0, 2.5, 1.0, std::numeric_limits<double>::quiet_NaN(), 1.5, 1.2, 0.5}) {
    schedule.note_validation(nll, state);
    found.push_back(schedule.rate(7, state));
  }
  EXPECT_EQ(found, (std::vector<double>{1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25}));
  EXPECT_EQ(state, (PlateauState{2, 0, 8, 0.5}));
  PlateauState untouched;
  Schedule(1, options_of("step")).note_validation(1, untouched);
  EXPECT_EQ(untouched, PlateauState());
}

}  // namespace
}  // namespace cauchy::optimize

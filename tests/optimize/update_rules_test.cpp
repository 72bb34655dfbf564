// Update rules on quadratics whose trajectories are known in closed form.

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/optimize/method.hpp"

namespace cauchy::optimize {
namespace {

/// J(x) = Σ a_i/2·(x_i - c_i)², with minimum at c.
class Quadratic final : public Objective<double> {
 public:
  double value_and_gradient(std::span<const double> x, std::span<double> gradient) override {
    double value = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double distance = x[i] - centre[i];
      value += curvature[i] / 2 * distance * distance;
      gradient[i] = curvature[i] * distance;
    }
    return value;
  }

  std::vector<double> curvature{1.0, 4.0, 0.25};
  std::vector<double> centre{3.0, -2.0, 0.5};
};

const linear_algebra::AlignedVector<double> start_point{0.0, 1.0, 10.0};

// x_k - c = (1 - ε·a)^k·(x_0 - c).
TEST(GradientDescent, FollowsTheClosedForm) {
  Quadratic objective;
  const auto method = make_gradient_descent<double>(0.3);
  MethodState<double> state = method->start(start_point);
  for (int k = 1; k <= 50; ++k) {
    method->step(objective, state);
    for (std::size_t i = 0; i < 3; ++i) {
      const double expected =
          objective.centre[i] + std::pow(1 - 0.3 * objective.curvature[i], k) * (start_point[i] - objective.centre[i]);
      ASSERT_NEAR(state.x[i], expected, 1e-13 * k * std::abs(start_point[i]) + 1e-13);  // a rounding a step
    }
  }
  EXPECT_TRUE(state.slots.empty());
}

// On a quadratic the method is the linear recurrence d_{k+1} = (1 + μ - ε·a)·d_k - μ·d_{k-1} of the distance d.
TEST(Momentum, FollowsThePolyakRecurrence) {
  Quadratic objective;
  const auto method = make_momentum<double>(0.1, 0.9);
  MethodState<double> state = method->start(start_point);
  ASSERT_EQ(state.slots.size(), 1U);
  EXPECT_EQ(state.slots[0].name, "velocity");
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(state.slots[0].values[i], 0.0);
  }
  std::vector<double> before(3);
  std::vector<double> now(3);
  for (std::size_t i = 0; i < 3; ++i) {
    before[i] = now[i] = start_point[i] - objective.centre[i];
  }
  for (int k = 1; k <= 100; ++k) {
    method->step(objective, state);
    for (std::size_t i = 0; i < 3; ++i) {
      const double next = (1 + 0.9 - 0.1 * objective.curvature[i]) * now[i] - 0.9 * before[i];
      before[i] = now[i];
      now[i] = next;
      ASSERT_NEAR(state.x[i] - objective.centre[i], next, 1e-12 * k);  // roundings grow linearly for |roots| < 1
    }
  }
}

TEST(MakeMethod, TakesTheNamedOne) {
  MethodOptions options;
  options.learning_rate = 0.25;
  EXPECT_EQ(make_method<float>(options)->learning_rate(), 0.25);
  options.method = "momentum";
  EXPECT_EQ(make_method<float>(options)->start({1.0F}).slots.size(), 1U);
  options.method = "sorcery";
  EXPECT_THROW(make_method<float>(options), std::invalid_argument);
}

/// A quadratic that diverges, as the contract of objectives asks: before it writes a gradient.
class Failing final : public Objective<double> {
 public:
  double value_and_gradient(std::span<const double> /*x*/, std::span<double> /*gradient*/) override {
    throw core::Error(core::ExitCode::diverged, "diverged");
  }
};

TEST(Undo, GivesBackTheStateBeforeTheLastStep) {
  for (const char* name : {"gradient_descent", "momentum"}) {
    MethodOptions options;
    options.method = name;
    const auto method = make_method<double>(options);
    Quadratic objective;
    Failing failing;
    MethodState<double> state = method->start(start_point);
    EXPECT_FALSE(method->undo(state));
    EXPECT_EQ(state.x, start_point);
    for (const bool further_step_fails : {false, true}) {
      method->step(objective, state);
      method->step(objective, state);
      const MethodState<double> before = state;
      method->step(objective, state);
      const MethodState<double> after = state;
      ASSERT_NE(after.x, before.x);
      if (further_step_fails) {
        EXPECT_THROW(method->step(failing, state), core::Error);
        EXPECT_EQ(state.x, after.x);
      }
      EXPECT_TRUE(method->undo(state));
      EXPECT_EQ(state.x, before.x);
      ASSERT_EQ(state.slots.size(), before.slots.size());
      for (std::size_t i = 0; i < state.slots.size(); ++i) {
        EXPECT_EQ(state.slots[i].name, before.slots[i].name);
        EXPECT_EQ(state.slots[i].values, before.slots[i].values);
      }
      // Only once, and the step can be taken again.
      EXPECT_FALSE(method->undo(state));
      EXPECT_EQ(state.x, before.x);
      method->step(objective, state);
      EXPECT_EQ(state.x, after.x);
    }
  }
}

}  // namespace
}  // namespace cauchy::optimize

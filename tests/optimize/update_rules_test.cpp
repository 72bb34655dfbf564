// Update rules on quadratics whose trajectories are known, in closed form or from another implementation.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/optimize/method.hpp"
#include "trajectories.hpp"

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

std::unique_ptr<Method<double>> named(const std::string& name) {
  MethodOptions options;
  options.method = name;
  return make_method<double>(options, 0, {{0, 3, true}});
}

// x_k - c = (1 - ε·a)^k·(x_0 - c).
TEST(GradientDescent, FollowsTheClosedForm) {
  Quadratic objective;
  const auto method = named("gradient_descent");
  MethodState<double> state = method->start(start_point);
  for (std::uint64_t k = 1; k <= 50; ++k) {
    method->step(objective, state, {k, 0.3});
    for (std::size_t i = 0; i < 3; ++i) {
      const double expected = objective.centre[i] + std::pow(1 - 0.3 * objective.curvature[i], static_cast<double>(k)) *
                                                        (start_point[i] - objective.centre[i]);
      ASSERT_NEAR(state.x[i], expected,
                  1e-13 * static_cast<double>(k) * std::abs(start_point[i]) + 1e-13);  // a rounding a step
    }
  }
  EXPECT_TRUE(state.slots.empty());
}

// On a quadratic the method is the linear recurrence d_{k+1} = (1 + μ - ε·a)·d_k - μ·d_{k-1} of the distance d.
TEST(Momentum, FollowsThePolyakRecurrence) {
  Quadratic objective;
  const auto method = named("momentum");
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
  for (std::uint64_t k = 1; k <= 100; ++k) {
    method->step(objective, state, {k, 0.1});
    for (std::size_t i = 0; i < 3; ++i) {
      const double next = (1 + 0.9 - 0.1 * objective.curvature[i]) * now[i] - 0.9 * before[i];
      before[i] = now[i];
      now[i] = next;
      ASSERT_NEAR(state.x[i] - objective.centre[i], next,
                  1e-12 * static_cast<double>(k));  // roundings grow linearly for |roots| < 1
    }
  }
}

/// J(x) = x₀² + 3·x₁²/2 + 2·x₂² + x₀·x₁ - x₁·x₂ - x₀ + x₂/4, whose minimum is at (5/8, -1/4, -1/8).
class Coupled final : public Objective<double> {
 public:
  double value_and_gradient(std::span<const double> x, std::span<double> gradient) override {
    gradient[0] = 2 * x[0] + x[1] - 1;
    gradient[1] = 3 * x[1] + x[0] - x[2];
    gradient[2] = 4 * x[2] - x[1] + 0.25;
    return x[0] * x[0] + 1.5 * x[1] * x[1] + 2 * x[2] * x[2] + x[0] * x[1] - x[1] * x[2] - x[0] + x[2] / 4;
  }
};

const linear_algebra::AlignedVector<double> start_of_trajectories{1.0, -2.0, 0.5};

TEST(UpdateRules, FollowAnIndependentImplementation) {
  for (const Trajectory& expected : trajectories) {
    MethodOptions options;
    options.method = expected.method;
    options.momentum = 0.8;
    options.weight_decay = 0.3;
    const auto method = make_method<double>(options, 0, {{0, 3, true}});
    Coupled objective;
    MethodState<double> state = method->start(start_of_trajectories);
    for (std::uint64_t k = 1; k <= 40; ++k) {
      method->step(objective, state, {k, 0.05});
    }
    for (std::size_t i = 0; i < 3; ++i) {
      // Forty steps with some roundings each, of numbers of the size of 1.
      EXPECT_NEAR(state.x[i], expected.end[i], 1e-13) << expected.method << " " << i;
    }
  }
}

TEST(UpdateRules, ReachAKnownOptimum) {
  const std::array optimum{0.625, -0.25, -0.125};
  for (const Trajectory& rule : trajectories) {
    MethodOptions options;
    options.method = rule.method;
    options.weight_decay = 0;
    const auto method = make_method<double>(options, 0, {{0, 3, true}});
    Coupled objective;
    MethodState<double> state = method->start(start_of_trajectories);
    for (std::uint64_t k = 1; k <= 4000; ++k) {
      // Steps of adam and its like do not shrink with the gradient; those of adagrad do by themselves.
      const bool shrinks = std::string(rule.method) != "adagrad";
      method->step(objective, state, {k, shrinks ? 0.1 * std::pow(0.995, static_cast<double>(k)) : 0.5});
    }
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(state.x[i], optimum[i], 1e-6) << rule.method;
    }
  }
}

/// Cuts its vectors where it is told to.
class CutQuadratic final : public Objective<float> {
 public:
  explicit CutQuadratic(std::vector<std::size_t> cuts) : cuts_(std::move(cuts)) {}

  double value_and_gradient(std::span<const float> x, std::span<float> gradient) override {
    for (std::size_t i = 0; i < x.size(); ++i) {
      gradient[i] = 0.1F * (x[i] - std::sin(static_cast<float>(i)));
    }
    return 0;
  }

  void for_ranges(std::size_t elements, const std::function<void(std::size_t, std::size_t)>& work) override {
    std::size_t first = 0;
    for (const std::size_t cut : cuts_) {
      work(first, cut);
      first = cut;
    }
    work(first, elements);
  }

 private:
  std::vector<std::size_t> cuts_;
};

// Each share in a place of its own, which x is brought together from after each step. What lamb needs beside is the
// business of training's tests.
TEST(UpdateRules, KeepTheirBitsWhereXIsUpdatedInShares) {
  constexpr std::size_t size = 20000;
  const std::vector<Slice> slices{{0, 5000, true}, {5008, 5011, false}, {5024, size, true}};
  const std::vector<Share> shares{{0, 4096}, {4096, 5024}, {5024, 5024}, {5024, 13216}, {13216, SIZE_MAX}};
  for (const Trajectory& rule : trajectories) {
    if (rule.method == std::string("lamb")) {
      continue;
    }
    MethodOptions options;
    options.method = rule.method;
    CutQuadratic objective({});
    const linear_algebra::AlignedVector<float> start(size, 0.5F);
    const auto whole = make_method<float>(options, 0, slices);
    MethodState<float> expected = whole->start(start);
    std::vector<std::unique_ptr<Method<float>>> methods;
    std::vector<MethodState<float>> states;
    for (const Share& share : shares) {
      methods.push_back(make_method<float>(options, 0, slices, share));
      states.push_back(methods.back()->start(start));
    }
    for (std::uint64_t k = 1; k <= 5; ++k) {
      whole->step(objective, expected, {k, 0.1});
      linear_algebra::AlignedVector<float> x(size);
      for (std::size_t i = 0; i < shares.size(); ++i) {
        methods[i]->step(objective, states[i], {k, 0.1});
        const auto [first, last] = shares[i].within(size);
        std::copy(states[i].x.begin() + static_cast<std::ptrdiff_t>(first),
                  states[i].x.begin() + static_cast<std::ptrdiff_t>(last),
                  x.begin() + static_cast<std::ptrdiff_t>(first));
        ASSERT_EQ(states[i].slots.size(), expected.slots.size());
        for (std::size_t slot = 0; slot < expected.slots.size(); ++slot) {
          EXPECT_TRUE(std::ranges::equal(states[i].slots[slot].values, expected.slots[slot].of(first, last)));
        }
      }
      EXPECT_EQ(x, expected.x) << rule.method;
      for (MethodState<float>& state : states) {
        state.x = x;
      }
    }
  }
}

TEST(UpdateRules, KeepTheirBitsWhateverRangesThreadsTake) {
  constexpr std::size_t size = 20000;
  for (const Trajectory& rule : trajectories) {
    std::vector<linear_algebra::AlignedVector<float>> ends;
    for (const std::vector<std::size_t>& cuts : {std::vector<std::size_t>{}, {1, 4097, 4099, 9000}, {16, 17, 19999}}) {
      MethodOptions options;
      options.method = rule.method;
      const auto method = make_method<float>(options, 0, {{0, 5000, true}, {5008, 5011, false}, {5024, size, true}});
      CutQuadratic objective(cuts);
      MethodState<float> state = method->start(linear_algebra::AlignedVector<float>(size, 0.5F));
      for (std::uint64_t k = 1; k <= 5; ++k) {
        method->step(objective, state, {k, 0.1});
      }
      ends.push_back(state.x);
    }
    EXPECT_EQ(ends[0], ends[1]) << rule.method;
    EXPECT_EQ(ends[0], ends[2]) << rule.method;
  }
}

// The minimum of a/2·(x - c)² + λ₁·|x| is c, nearer to 0 by λ₁/a, or 0.
TEST(ProximalStep, FindsExactZeros) {
  for (const char* name : {"gradient_descent", "momentum", "nesterov"}) {
    MethodOptions options;
    options.method = name;
    const auto method = make_method<double>(options, 0.6, {{0, 2, true}, {2, 3, false}});
    Quadratic objective;
    MethodState<double> state = method->start(start_point);
    objective.centre = {3.0, -0.1, 0.5};
    for (std::uint64_t k = 1; k <= 2000; ++k) {
      method->step(objective, state, {k, 0.1});
    }
    EXPECT_NEAR(state.x[0], 3.0 - 0.6, 1e-12) << name;
    EXPECT_EQ(state.x[1], 0.0) << name;
    EXPECT_NEAR(state.x[2], 0.5, 1e-9) << name;  // not penalised; (1 - 0.1·0.25)^2000
  }
  for (const char* name : {"adagrad", "rmsprop", "adam", "adamw", "lamb"}) {
    MethodOptions options;
    options.method = name;
    EXPECT_THROW(make_method<double>(options, 0.6, {}), core::UserError);
  }
}

TEST(ProximalStep, LetsNaNPass) {
  const auto method = make_method<double>({}, 0.5, {{0, 1, true}});
  Quadratic objective;
  objective.centre[0] = std::nan("");
  MethodState<double> state = method->start({1.0, 0.0, 0.0});
  method->step(objective, state, {1, 0.1});
  EXPECT_TRUE(std::isnan(state.x[0]));
}

// Weights alone, by ε·λ.
TEST(WeightDecay, IsBesideTheGradient) {
  MethodOptions options;
  options.method = "adamw";
  options.weight_decay = 0.5;
  const auto method = make_method<double>(options, 0, {{0, 2, true}, {2, 3, false}});
  Quadratic objective;
  objective.centre = {4.0, 4.0, 4.0};
  MethodState<double> state = method->start({4.0, 4.0, 4.0});
  method->step(objective, state, {1, 0.1});
  EXPECT_EQ(state.x, (linear_algebra::AlignedVector<double>{4.0 - 0.05 * 4, 4.0 - 0.05 * 4, 4.0}));
}

TEST(MakeMethod, TakesTheNamedOne) {
  EXPECT_EQ(named("adam")->start({1.0}).slots.size(), 2U);
  EXPECT_EQ(named("momentum")->start({1.0}).slots.size(), 1U);
  EXPECT_THROW(named("sorcery"), std::invalid_argument);
}

/// A quadratic that diverges, as the contract of objectives asks: before it writes a gradient.
class Failing final : public Objective<double> {
 public:
  double value_and_gradient(std::span<const double> /*x*/, std::span<double> /*gradient*/) override {
    throw core::Error(core::ExitCode::diverged, "diverged");
  }
};

TEST(Undo, GivesBackTheStateBeforeTheLastStep) {
  for (const Trajectory& rule : trajectories) {
    const auto method = named(rule.method);
    Quadratic objective;
    Failing failing;
    MethodState<double> state = method->start(start_point);
    EXPECT_FALSE(method->undo(state));
    EXPECT_EQ(state.x, start_point);
    for (const bool further_step_fails : {false, true}) {
      method->step(objective, state, {3, 0.1});
      method->step(objective, state, {3, 0.1});
      const MethodState<double> before = state;
      method->step(objective, state, {3, 0.1});
      const MethodState<double> after = state;
      ASSERT_NE(after.x, before.x);
      if (further_step_fails) {
        EXPECT_THROW(method->step(failing, state, {3, 0.1}), core::Error);
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
      method->step(objective, state, {3, 0.1});
      EXPECT_EQ(state.x, after.x);
    }
  }
}

}  // namespace
}  // namespace cauchy::optimize

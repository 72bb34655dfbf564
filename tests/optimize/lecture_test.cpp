// The mathematics of gradient descent, on the functions that it is taught with.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numbers>
#include <numeric>
#include <span>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "cauchy/optimize/divergence.hpp"
#include "cauchy/optimize/gradient_check.hpp"
#include "cauchy/optimize/method.hpp"

namespace cauchy::optimize {
namespace {

using Vector = std::span<const double>;
using Pair = std::array<double, 2>;

/// A function that keeps the contract of an objective: what is not finite is an error, and leaves the gradient alone.
class Function : public Objective<double> {
 public:
  virtual double value(Vector x) const = 0;
  virtual std::vector<double> gradient(Vector x) const = 0;

  double value_and_gradient(Vector x, std::span<double> result) final {
    const double found = value(x);
    const std::vector<double> slope = gradient(x);
    if (!std::isfinite(found) || !std::ranges::all_of(slope, [](double element) { return std::isfinite(element); })) {
      throw core::Error(core::ExitCode::diverged, "diverged");
    }
    std::ranges::copy(slope, result.begin());
    return found;
  }
};

/// f(x1, x2) = 2·x1² + x2² + 3·x1·x2 + 4.
class SaddleOfTheLecture final : public Function {
 public:
  double value(Vector x) const override { return 2 * x[0] * x[0] + x[1] * x[1] + 3 * x[0] * x[1] + 4; }
  std::vector<double> gradient(Vector x) const override { return {4 * x[0] + 3 * x[1], 2 * x[1] + 3 * x[0]}; }
};

/// h(x1, x2) = (a·x1 + b·x2)²·x1·x2, differentiated by the chain rule: h = u²·q, u = a·x1 + b·x2, q = x1·x2.
class ChainOfTheLecture final : public Function {
 public:
  ChainOfTheLecture(double a, double b, double factor = 1) : a_(a), b_(b), factor_(factor) {}

  double value(Vector x) const override {
    const double u = a_ * x[0] + b_ * x[1];
    return u * u * x[0] * x[1];
  }

  std::vector<double> gradient(Vector x) const override {
    const double u = a_ * x[0] + b_ * x[1];
    const double q = x[0] * x[1];
    const double by_u = 2 * u * q;
    const double by_q = u * u;
    return {by_u * a_ + by_q * x[1], factor_ * (by_u * b_ + by_q * x[0])};
  }

 private:
  double a_;
  double b_;
  double factor_;  ///< of the second partial derivative: 1, or a mistake
};

/// J(w) = (1/n) Σ (w·x_i - y_i)²/2 + log(2π)/2, the mean NLL of y ~ N(w·x, 1): one knob.
class LineThroughTheOrigin final : public Function {
 public:
  double value(Vector w) const override {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      sum += 0.5 * (w[0] * x[i] - y[i]) * (w[0] * x[i] - y[i]);
    }
    return sum / static_cast<double>(x.size()) + 0.5 * std::log(2 * std::numbers::pi);
  }
  std::vector<double> gradient(Vector w) const override {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      sum += (w[0] * x[i] - y[i]) * x[i];
    }
    return {sum / static_cast<double>(x.size())};
  }
  /// Σ x·y / Σ x²: where the gradient is 0.
  double maximum_likelihood() const {
    return std::inner_product(x.begin(), x.end(), y.begin(), 0.0) /
           std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
  }

  std::vector<double> x{-2, -1.5, -0.5, 0.25, 1, 1.75, 2.5};
  std::vector<double> y{-3.1, -2.0, -1.0, 0.5, 1.4, 2.9, 3.6};
};

const std::vector<Pair> points{{1, 2.5}, {-0.5, 1}, {3, -1}, {-2, -2.5}, {0.1, 4}};

std::vector<Probe> check(Function& function, Vector x) {
  GradientCheck gradients(function, x, {.directions = 8, .coordinates = x.size()}, [](std::size_t) { return true; });
  return gradients.check_part(0, x.size());
}

bool all_are(const std::vector<Probe>& probes, Finding finding) {
  return std::ranges::all_of(probes, [&](const Probe& probe) { return probe.finding == finding; });
}

double dot(Vector a, Vector b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double norm(Vector v, double p) {
  double sum = 0;
  double largest = 0;
  for (const double element : v) {
    largest = std::max(largest, std::abs(element));
    sum += std::pow(std::abs(element), p);
  }
  return std::isinf(p) ? largest : std::pow(sum, 1 / p);
}

TEST(Lecture, TheGradientOfF) {
  SaddleOfTheLecture f;
  EXPECT_EQ(f.value(Pair{1, 2}), 16);
  EXPECT_EQ(f.gradient(Pair{1, 2}), (std::vector<double>{10, 7}));
  EXPECT_EQ(f.gradient(Pair{0, 0}), (std::vector<double>{0, 0}));
  for (const Pair& x : points) {
    EXPECT_TRUE(all_are(check(f, x), Finding::agrees)) << x[0] << ", " << x[1];
  }
}

TEST(Lecture, ThePartialDerivativesOfHByTheChainRule) {
  for (const auto& [a, b] : {Pair{1, 1}, Pair{2, -3}, Pair{0.5, 4}}) {
    ChainOfTheLecture h(a, b);
    for (const Pair& x : points) {
      const double u = a * x[0] + b * x[1];
      const std::vector<double> found = h.gradient(x);
      const Pair closed{u * x[1] * (3 * a * x[0] + b * x[1]), u * x[0] * (3 * b * x[1] + a * x[0])};
      // Some roundings of terms that may cancel: u² and 2·u·q are below 4000 at these points.
      EXPECT_NEAR(found[0], closed[0], 8 * 4000 * std::numeric_limits<double>::epsilon());
      EXPECT_NEAR(found[1], closed[1], 8 * 4000 * std::numeric_limits<double>::epsilon());
    }
  }
}

TEST(Lecture, TheGradientOfHStandsTheCheck) {
  ChainOfTheLecture h(2, -3);
  for (const Pair& x : points) {
    EXPECT_TRUE(all_are(check(h, x), Finding::agrees)) << x[0] << ", " << x[1];
  }
}

TEST(Lecture, AMistakeInTheChainRuleDoesNot) {
  ChainOfTheLecture wrong(2, -3, 1.01);
  for (const Pair& x : points) {
    const std::vector<Probe> probes = check(wrong, x);
    EXPECT_EQ(probes[0].finding, Finding::agrees);
    EXPECT_EQ(probes[1].finding, Finding::differs);
    EXPECT_NEAR(probes[1].gradient / probes[1].difference, 1.01, 1e-6);
    EXPECT_TRUE(all_are({probes.begin() + 2, probes.end()}, Finding::differs));
  }
}

// ∇_v f = ∇f·v = ‖∇f‖·cos of the angle between them.
TEST(Lecture, NoDirectionIsSteeperThanTheGradients) {
  SaddleOfTheLecture f;
  constexpr int angles = 3600;
  constexpr double h = 1e-3;  // of a quadratic, central differences have no error but rounding
  for (const Pair& x : points) {
    const std::vector<double> gradient = f.gradient(x);
    const double length = linear_algebra::norm<double>(gradient);
    double steepest = -std::numeric_limits<double>::infinity();
    Pair direction{};
    for (int k = 0; k < angles; ++k) {
      const double angle = 2 * std::numbers::pi * k / angles;
      const Pair v{std::cos(angle), std::sin(angle)};
      const double slope =
          (f.value(Pair{x[0] + h * v[0], x[1] + h * v[1]}) - f.value(Pair{x[0] - h * v[0], x[1] - h * v[1]})) / (2 * h);
      ASSERT_NEAR(slope, dot(gradient, v), 1e-11);  // values below 100, 2^-53 of them twice, over 2·h
      if (slope > steepest) {
        steepest = slope;
        direction = v;
      }
    }
    const double off = 1 - std::cos(std::numbers::pi / angles);  // half an angle between two directions
    EXPECT_LE(steepest, length + 1e-11);
    EXPECT_GE(steepest, length * (1 - off) - 1e-11);
    EXPECT_GE(dot(gradient, direction) / length, 1 - off - 1e-11);
    EXPECT_NEAR(dot(gradient, Pair{-gradient[1], gradient[0]}), 0, 1e-12);  // along a level line f does not change
  }
}

TEST(Lecture, TheNorms) {
  const Pair v{3, -4};
  EXPECT_EQ(norm(v, 1), 7);
  EXPECT_EQ(linear_algebra::norm<double>(std::span(v)), 5);
  EXPECT_DOUBLE_EQ(norm(v, 2), 5);
  EXPECT_EQ(norm(v, std::numeric_limits<double>::infinity()), 4);
  double before = norm(v, 1);
  for (const double p : {1.5, 2.0, 3.0, 8.0, 50.0}) {
    EXPECT_LT(norm(v, p), before);  // falls with p, to the largest element
    before = norm(v, p);
  }
  EXPECT_NEAR(before, 4, 1e-6);
  const Pair w{-1, 2};
  for (const double p : {1.0, 1.5, 2.0, 7.0}) {
    EXPECT_LE(norm(Pair{v[0] + w[0], v[1] + w[1]}, p), norm(v, p) + norm(w, p));
    EXPECT_DOUBLE_EQ(norm(Pair{-2 * v[0], -2 * v[1]}, p), 2 * norm(v, p));
  }
}

// What is steepest depends on the norm of a step: over ‖v‖_p = 1 the slope ∇f·v is at most ‖∇f‖_q, 1/p + 1/q = 1
// (Hölder), and reaches it.
TEST(Lecture, SteepestAscentUnderOtherNorms) {
  SaddleOfTheLecture f;
  for (const auto& [p, q] : {Pair{1.5, 3}, Pair{2, 2}, Pair{4, 4.0 / 3}}) {
    const std::vector<double> gradient = f.gradient(Pair{1, 2});
    double steepest = 0;
    for (int k = 0; k < 3600; ++k) {
      const double angle = 2 * std::numbers::pi * k / 3600;
      const Pair v{std::cos(angle), std::sin(angle)};
      steepest = std::max(steepest, dot(gradient, v) / norm(v, p));
    }
    EXPECT_LE(steepest, norm(gradient, q) * (1 + 1e-12));
    EXPECT_GE(steepest, norm(gradient, q) * (1 - 1e-5));  // a tenth of a degree off at most, squared
  }
}

std::unique_ptr<Method<double>> gradient_descent() {
  return make_method<double>(MethodOptions{}, 0, {});
}

// The Hessian (4 3; 3 2) has the eigenvalues 3 ± √10, one of them below 0: 0 is a saddle, and f has no minimum.
TEST(Lecture, DescentOnASaddleDivergesAndSaysSo) {
  SaddleOfTheLecture f;
  const double rate = 0.1;
  const double growth = 1 + rate * (std::sqrt(10.0) - 3);  // of the part along the eigenvector below 0, a step
  const double shrinkage = 1 - rate * (std::sqrt(10.0) + 3);
  const Pair up{3, std::sqrt(10.0) - 1};     // eigenvector of 3 + √10
  const Pair down{3, -std::sqrt(10.0) - 1};  // of 3 - √10
  const auto method = gradient_descent();
  MethodState<double> state = method->start({1.0, 1.0});
  const double start_up = dot(state.x, up);
  const double start_down = dot(state.x, down);
  double before = f.value(state.x);
  std::uint64_t step = 0;
  for (; step < 200; ++step) {
    method->step(f, state, {step + 1, rate});
    ASSERT_LT(f.value(state.x), before);  // downhill all the way
    before = f.value(state.x);
  }
  // A rounding a step, of what has grown.
  EXPECT_NEAR(dot(state.x, down) / (start_down * std::pow(growth, 200)), 1, 200 * 1e-15);
  EXPECT_LT(std::abs(dot(state.x, up)), std::abs(start_up * std::pow(shrinkage, 200)) + 1e-12);
  bool said = false;
  linear_algebra::AlignedVector<double> last = state.x;
  const auto steps_to_overflow = static_cast<std::uint64_t>(std::log(1e160) / std::log(growth));
  for (; !said && step < steps_to_overflow; ++step) {
    last = state.x;
    try {
      method->step(f, state, {step + 1, rate});
    } catch (const core::Error& error) {
      said = error.code() == core::ExitCode::diverged;
      EXPECT_EQ(state.x, last);  // the last that was finite
    }
  }
  EXPECT_TRUE(said);
  EXPECT_LT(f.value(last), -1e300);
}

// Five hundred steps, where the numbers last for twenty thousand.
TEST(Lecture, DescentOnASaddleIsRecognisedEarly) {
  SaddleOfTheLecture f;
  const auto method = gradient_descent();
  MethodState<double> state = method->start({1.0, 1.0});
  Divergence divergence;
  divergence.start(f.value(state.x), linear_algebra::norm<double>(f.gradient(state.x)));
  std::uint64_t step = 0;
  for (bool away = false; !away && step < 500;) {
    method->step(f, state, {++step, 0.1});
    away = divergence.note(f.value(state.x), linear_algebra::norm<double>(f.gradient(state.x)), 1000);
  }
  EXPECT_GT(step, 100U);
  EXPECT_LT(step, 500U);
  EXPECT_LT(f.value(state.x), -10'000);
}

// Whoever starts on the one line that leads to the saddle arrives there, and finds a gradient of 0 that is no minimum.
TEST(Lecture, OneLineLeadsToTheSaddle) {
  SaddleOfTheLecture f;
  const auto method = gradient_descent();
  MethodState<double> state = method->start({3.0, std::sqrt(10.0) - 1});
  for (std::uint64_t step = 1; step <= 40; ++step) {
    method->step(f, state, {step, 0.15});
  }
  EXPECT_LT(linear_algebra::norm<double>(f.gradient(state.x)), 1e-12);
  EXPECT_NEAR(f.value(state.x), 4, 1e-12);
  EXPECT_LT(f.value(Pair{0.1, -0.14}), 4);
}

TEST(Lecture, OneKnobFindsTheMaximumLikelihoodLine) {
  LineThroughTheOrigin line;
  const double optimum = line.maximum_likelihood();
  EXPECT_NEAR(line.gradient(std::array{optimum})[0], 0, 1e-15);
  const auto method = gradient_descent();
  MethodState<double> state = method->start({-1.0});
  double before = line.value(state.x);
  for (std::uint64_t step = 1; step <= 60; ++step) {
    method->step(line, state, {step, 0.3});
    EXPECT_LE(line.value(state.x), before + 1e-15);
    before = line.value(state.x);
  }
  EXPECT_NEAR(state.x[0], optimum, 1e-14);
  for (const double other : {optimum - 0.01, optimum + 0.01}) {
    EXPECT_GT(line.value(std::array{other}), before);
  }
  EXPECT_TRUE(all_are(check(line, std::array{-1.0}), Finding::agrees));
}

/// n knobs, each of which has to find the same: J(x) = Σ J_1(x_i).
class ManyKnobs final : public Function {
 public:
  double value(Vector x) const override {
    double sum = 0;
    for (const double knob : x) {
      sum += 0.5 * (knob - 3) * (knob - 3);
    }
    return sum;
  }
  std::vector<double> gradient(Vector x) const override {
    std::vector<double> result(x.size());
    std::ranges::transform(x, result.begin(), [](double knob) { return knob - 3; });
    return result;
  }
};

TEST(Lecture, FromOneKnobToMillions) {
  ManyKnobs function;
  std::vector<double> found;
  for (const std::size_t knobs : {std::size_t{1}, std::size_t{2}, std::size_t{1000}, std::size_t{2'000'000}}) {
    const auto method = gradient_descent();
    MethodState<double> state = method->start(linear_algebra::AlignedVector<double>(knobs, -1.0));
    for (std::uint64_t step = 1; step <= 20; ++step) {
      method->step(function, state, {step, 0.4});
    }
    EXPECT_NEAR(state.x[0], 3 - 4 * std::pow(0.6, 20), 1e-14);
    EXPECT_TRUE(std::ranges::all_of(state.x, [&](double knob) { return knob == state.x[0]; }));
    found.push_back(state.x[0]);
  }
  EXPECT_EQ(found, std::vector(4, found[0]));  // the same bits: the update of a knob knows nothing of the others
}

}  // namespace
}  // namespace cauchy::optimize

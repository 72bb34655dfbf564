// The check of gradients: on functions whose derivatives are known, right, wrong, and where there are none.

#include "cauchy/optimize/gradient_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/core/random.hpp"

namespace cauchy::optimize {
namespace {

using Vector = std::span<const double>;
using Value = std::function<double(Vector)>;
using Gradient = std::function<void(Vector, std::span<double>)>;

class Function final : public Objective<double> {
 public:
  Function(Value value, Gradient gradient) : value_(std::move(value)), gradient_(std::move(gradient)) {}

  double value_and_gradient(std::span<const double> x, std::span<double> gradient) override {
    gradient_(x, gradient);
    return value_(x);
  }

 private:
  Value value_;
  Gradient gradient_;
};

constexpr auto everywhere = [](std::size_t) { return true; };

std::size_t count(const std::vector<Probe>& probes, Finding finding) {
  return static_cast<std::size_t>(
      std::ranges::count_if(probes, [&](const Probe& probe) { return probe.finding == finding; }));
}

/// J(x) = Σ exp(x_i)·sin(x_0): each derivative has another size. `factor` of the gradient of elements 3 to 5.
Function waves(double factor = 1) {
  return Function(
      [](Vector x) {
        double sum = 0;
        for (const double element : x) {
          sum += std::exp(element);
        }
        return sum * std::sin(x[0]);
      },
      [factor](Vector x, std::span<double> gradient) {
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
          sum += std::exp(x[i]);
          gradient[i] = std::exp(x[i]) * std::sin(x[0]) * (i >= 3 && i < 6 ? factor : 1);
        }
        gradient[0] += sum * std::cos(x[0]);
      });
}

const std::vector<double> point{0.7, -1.5, 2.5, 0.1, -4, 1, 0, 3, -0.3};

TEST(GradientCheck, FindsEightDigitsOfSmoothFunctions) {
  Function function = waves();
  std::size_t probed = 0;
  GradientCheck check(function, point,
                      {.seed = 3, .directions = 4, .coordinates = 9, .probed = [&probed] { ++probed; }}, everywhere);
  const std::vector<Probe> probes = check.check_part(0, 9);
  ASSERT_EQ(probes.size(), 13U);
  EXPECT_EQ(probed, 13U);
  EXPECT_EQ(count(probes, Finding::agrees), 13U);
  for (const Probe& probe : probes) {
    // exp(-4) stands out of a sum of 40 with 2^-52 by 4e-4/1e-14; differences have two thirds of these digits.
    EXPECT_GT(probe.digits(), 7) << probe.gradient;
    EXPECT_LE(std::abs(probe.gradient - probe.difference), 10 * probe.error + 1e-9 * std::abs(probe.gradient));
  }
  for (const Probe& probe : check.check_whole()) {
    EXPECT_EQ(probe.finding, Finding::agrees);
  }
}

// Of either sign, and others from 0.2 % to a gradient that is not there.
TEST(GradientCheck, NamesThePartWithAnErrorOfOnePercent) {
  for (const double factor : {1.01, 0.99, 1.002, 0.0, -1.0}) {
    Function function = waves(factor);
    GradientCheck check(function, point, {}, everywhere);
    EXPECT_EQ(count(check.check_part(0, 3), Finding::differs), 0U);
    const std::vector<Probe> wrong = check.check_part(3, 6);
    EXPECT_EQ(wrong.size(), 6U);
    EXPECT_EQ(count(wrong, Finding::differs), 6U) << factor;
    EXPECT_EQ(count(check.check_part(6, 9), Finding::differs), 0U);
  }
}

TEST(GradientCheck, FindsOneWrongElementAmongThousands) {
  const std::size_t size = 5000;
  const std::size_t lacking = 4321;
  Function function(
      [](Vector x) {
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
          sum += std::sin(x[i] + static_cast<double>(i));
        }
        return sum;
      },
      [&](Vector x, std::span<double> gradient) {
        for (std::size_t i = 0; i < x.size(); ++i) {
          gradient[i] = i == lacking ? 0 : std::cos(x[i] + static_cast<double>(i));
        }
      });
  GradientCheck check(function, std::vector<double>(size, 0.25), {}, everywhere);
  EXPECT_GT(count(check.check_part(0, size), Finding::differs), 0U);  // a random direction moves it too
  EXPECT_EQ(count(check.check_part(0, lacking), Finding::differs), 0U);
}

/// Σ |x_i - i|, with the slope of 0 at a kink.
Function corners() {
  return Function(
      [](Vector x) {
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
          sum += std::abs(x[i] - static_cast<double>(i));
        }
        return sum;
      },
      [](Vector x, std::span<double> gradient) {
        for (std::size_t i = 0; i < x.size(); ++i) {
          const double distance = x[i] - static_cast<double>(i);
          gradient[i] = distance > 0 ? 1 : distance < 0 ? -1 : 0;
        }
      });
}

TEST(GradientCheck, TellsKinksFromMistakes) {
  Function function = corners();
  // On a kink; too close to one for any step; near one, which smaller steps do not reach; far from any.
  const std::vector<double> x{0, 1 + 1e-12, 2 - 3e-5, 3.5};
  GradientCheck check(function, x, {.coordinates = 4}, everywhere);
  const std::vector<Probe> probes = check.check_part(0, 4);
  EXPECT_EQ(probes[0].finding, Finding::kink);
  EXPECT_NEAR(probes[0].left_slope, -1, 1e-6);
  EXPECT_NEAR(probes[0].right_slope, 1, 1e-6);
  EXPECT_EQ(probes[1].finding, Finding::kink);
  EXPECT_EQ(probes[2].finding, Finding::agrees);
  EXPECT_LT(probes[2].step, 3e-5);
  EXPECT_EQ(probes[3].finding, Finding::agrees);
  for (std::size_t i = 4; i < probes.size(); ++i) {
    EXPECT_EQ(probes[i].finding, Finding::kink);  // directions meet the first of them
  }
}

TEST(GradientCheck, AGradientBesideBothSlopesIsAMistake) {
  Function function([](Vector x) { return std::abs(x[0]); },
                    [](Vector, std::span<double> gradient) { gradient[0] = 1.2; });
  GradientCheck check(function, std::vector<double>{0.0}, {.directions = 0}, everywhere);
  EXPECT_EQ(check.check_part(0, 1).front().finding, Finding::differs);
}

TEST(GradientCheck, ProbesOnlyWhatMoves) {
  Function function = corners();
  GradientCheck check(function, std::vector<double>{0, 2, 2, 4}, {},
                      [](std::size_t element) { return element == 1 || element == 3; });
  const std::vector<Probe> probes = check.check_part(0, 4);
  ASSERT_EQ(probes.size(), 5U);
  EXPECT_EQ(probes[0].coordinate, 1U);
  EXPECT_EQ(probes[1].coordinate, 3U);
  EXPECT_EQ(count(probes, Finding::agrees), 5U);
  EXPECT_TRUE(check.check_part(2, 3).empty());
}

// The larger i, the larger the derivative; those of odd i do not move.
TEST(GradientCheck, TakesTheLargestPartialDerivativesAndOthers) {
  Function function(
      [](Vector x) {
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
          sum += static_cast<double>(i + 1) * x[i];
        }
        return sum;
      },
      [](Vector x, std::span<double> gradient) {
        for (std::size_t i = 0; i < x.size(); ++i) {
          gradient[i] = static_cast<double>(i + 1);
        }
      });
  GradientCheck check(function, std::vector<double>(100, 1.0), {.directions = 0, .coordinates = 9},
                      [](std::size_t element) { return element % 2 == 0; });
  std::vector<std::size_t> found;
  for (const Probe& probe : check.check_part(0, 100)) {
    found.push_back(probe.coordinate.value());
    EXPECT_EQ(found.back() % 2, 0U);
  }
  ASSERT_EQ(found.size(), 9U);
  EXPECT_TRUE(std::ranges::is_sorted(found));
  EXPECT_EQ(std::ranges::adjacent_find(found), found.end());
  EXPECT_EQ((std::vector<std::size_t>{found.end() - 5, found.end()}), (std::vector<std::size_t>{90, 92, 94, 96, 98}));
}

// As that of long sums: far above the rounding of a single number.
TEST(GradientCheck, MeasuresTheNoiseOfTheObjective) {
  Function function(
      [](Vector x) {
        std::uint64_t bits = 0;
        std::memcpy(&bits, x.data(), sizeof bits);
        const double noise = core::RandomStream(bits, core::Purpose::shuffle, 0, 0).uniform() - 0.5;
        return std::sin(x[0]) + 1e-8 * noise;
      },
      [](Vector x, std::span<double> gradient) { gradient[0] = std::cos(x[0]); });
  for (double x = -3; x < 3; x += 0.125) {
    GradientCheck check(function, std::vector<double>{x}, {}, everywhere);
    EXPECT_GT(check.noise(), 1e-10);
    EXPECT_LT(check.noise(), 1e-8);  // 0.29e-8, a uniform number's deviation
    const std::vector<Probe> probes = check.check_part(0, 1);
    EXPECT_EQ(count(probes, Finding::differs) + count(probes, Finding::kink), 0U) << x;
  }
}

TEST(GradientCheck, CallsFlatWhatDoesNotDepend) {
  Function function([](Vector x) { return x[0] * x[0]; },
                    [](Vector x, std::span<double> gradient) {
                      gradient[0] = 2 * x[0];
                      gradient[1] = 0;
                      gradient[2] = 1e-9;
                    });
  GradientCheck check(function, std::vector<double>{1, 1, 1}, {.directions = 0}, everywhere);
  const std::vector<Probe> probes = check.check_part(0, 3);
  EXPECT_EQ(probes[0].finding, Finding::agrees);
  EXPECT_EQ(probes[1].finding, Finding::flat);
  EXPECT_EQ(probes[2].finding, Finding::differs);
}

// What rounding hides is neither right nor wrong.
TEST(GradientCheck, OwnsUpToWhatItCannotTell) {
  Function function([](Vector x) { return 1e12 + x[0] * x[0]; },
                    [](Vector x, std::span<double> gradient) { gradient[0] = 2.02 * x[0]; });
  GradientCheck check(function, std::vector<double>{1e-3}, {}, everywhere);
  EXPECT_EQ(count(check.check_part(0, 1), Finding::unresolved), 4U);
}

TEST(GradientCheck, StepsOutsideOfTheDomainDoNotCount) {
  Function function(
      [](Vector x) {
        if (x[0] <= 0) {
          throw core::Error(core::ExitCode::diverged, "log of nothing");
        }
        return std::log(x[0]);
      },
      [](Vector x, std::span<double> gradient) { gradient[0] = 1 / x[0]; });
  GradientCheck check(function, std::vector<double>{1e-4}, {}, everywhere);
  EXPECT_EQ(count(check.check_part(0, 1), Finding::agrees), 4U);
  EXPECT_THROW(GradientCheck(function, std::vector<double>{-1}, {}, everywhere), core::Error);
}

}  // namespace
}  // namespace cauchy::optimize

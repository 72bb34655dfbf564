// Activations against long double formulas, slopes against central differences, and both far out.

#include "cauchy/model/activation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "reference_network.hpp"

namespace cauchy::model {
namespace {

using test::rounded;

const std::vector<std::string> all_names = {"identity", "relu", "tanh", "sigmoid", "softplus", "gelu"};

template <typename Real>
std::vector<Real> activated(const std::string& name, std::vector<Real> values) {
  activate<Real>(activation_named(name), values);
  return values;
}

template <typename Real>
Real activated(const std::string& name, Real value) {
  return activated(name, std::vector<Real>{value})[0];
}

template <typename Real>
std::vector<Real> slopes(const std::string& name, const std::vector<Real>& input, Real factor = 1) {
  const Activation activation = activation_named(name);
  const std::vector<Real> output = activated(name, input);
  std::vector<Real> derivative(input.size(), factor);
  using Span = std::span<const Real>;
  if (needs_input(activation)) {
    multiply_by_slope<Real>(activation, input, Span{}, derivative);
  } else {
    multiply_by_slope<Real>(activation, Span{}, output, derivative);
  }
  return derivative;
}

template <typename Real>
Real slope(const std::string& name, Real input) {
  return slopes(name, std::vector<Real>{input})[0];
}

/// More than one block, not a multiple of a vector, symmetric around 0 and through it.
template <typename Real>
std::vector<Real> grid() {
  std::vector<Real> values;
  for (int i = -700; i <= 700; ++i) {
    values.push_back(static_cast<Real>(i) / 64);
  }
  return values;
}

template <typename Real>
class ActivationTest : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(ActivationTest, Reals);

TYPED_TEST(ActivationTest, MatchesItsFormula) {
  // A handful of functions of a few units in the last place each, in numbers up to 1 + |x|.
  constexpr TypeParam tolerance = 8 * std::numeric_limits<TypeParam>::epsilon();
  const std::vector<TypeParam> input = grid<TypeParam>();
  for (const std::string& name : all_names) {
    const std::vector<TypeParam> output = activated(name, input);
    const std::vector<TypeParam> derivative = slopes(name, input, TypeParam{-3});
    for (std::size_t i = 0; i < input.size(); ++i) {
      const TypeParam scale = 1 + std::abs(input[i]);
      EXPECT_NEAR(output[i], rounded(test::reference_activation(name, input[i])), tolerance * scale)
          << name << " " << input[i];
      EXPECT_NEAR(derivative[i], -3 * rounded(test::reference_slope(name, input[i])), 3 * tolerance * scale)
          << name << " " << input[i];
    }
  }
}

TEST(Activation, SlopeMatchesCentralDifferences) {
  constexpr double h = 1e-5;
  constexpr double epsilon = std::numeric_limits<double>::epsilon();
  std::vector<double> input;
  for (const double x : grid<double>()) {
    if (std::abs(x) > h) input.push_back(x);  // relu has no derivative at 0
  }
  for (const std::string& name : all_names) {
    std::vector<double> above = input;
    std::vector<double> below = input;
    for (std::size_t i = 0; i < input.size(); ++i) {
      above[i] += h;
      below[i] -= h;
    }
    above = activated(name, above);
    below = activated(name, below);
    const std::vector<double> derivative = slopes(name, input);
    for (std::size_t i = 0; i < input.size(); ++i) {
      // h²/6·|f'''| with |f'''| ≤ 2, and the rounding of two values of a few units in the last place, over 2h.
      const double tolerance = h * h / 3 + 8 * epsilon * (1 + std::abs(input[i])) / h;
      EXPECT_NEAR(derivative[i], (above[i] - below[i]) / (2 * h), tolerance) << name << " " << input[i];
    }
  }
}

TYPED_TEST(ActivationTest, StaysRightFarOut) {
  using Real = TypeParam;
  constexpr Real tiny = std::numeric_limits<Real>::min();
  for (const Real x : {Real(200), Real(1000), Real(1e30), Real(1e38)}) {
    EXPECT_EQ(activated("relu", x), x);
    EXPECT_EQ(activated("tanh", x), 1);
    EXPECT_EQ(activated("sigmoid", x), 1);
    EXPECT_EQ(activated("softplus", x), x);
    EXPECT_EQ(activated("gelu", x), x);
    EXPECT_EQ(activated("relu", -x), 0);
    EXPECT_EQ(activated("tanh", -x), -1);
    EXPECT_NEAR(activated("sigmoid", -x), 0, std::exp(-200.0));
    EXPECT_NEAR(activated("softplus", -x), 0, std::exp(-80.0));
    EXPECT_EQ(activated("gelu", -x), 0);

    EXPECT_EQ(slope("tanh", x), 0);
    EXPECT_EQ(slope("tanh", -x), 0);
    EXPECT_EQ(slope("sigmoid", x), 0);
    EXPECT_EQ(slope("softplus", x), 1);
    EXPECT_NEAR(slope("softplus", -x), 0, std::exp(-80.0));
    EXPECT_EQ(slope("relu", x), 1);
    EXPECT_EQ(slope("relu", -x), 0);
    EXPECT_EQ(slope("gelu", x), 1);
    EXPECT_NEAR(slope("gelu", -x), 0, 100 * tiny);
  }
}

TYPED_TEST(ActivationTest, KeepsItsDigitsWhereItIsSmall) {
  // Relative, unlike above: e^x to a few units in the last place, and the argument's own rounding error times x.
  const TypeParam tolerance = 64 * std::numeric_limits<TypeParam>::epsilon();
  for (const TypeParam x : {TypeParam(-20), TypeParam(-40), TypeParam(-60)}) {
    for (const std::string name : {"sigmoid", "softplus"}) {
      EXPECT_NEAR(activated(name, x) / rounded(test::reference_activation(name, x)), 1, tolerance) << name << " " << x;
      EXPECT_NEAR(slope(name, x) / rounded(test::reference_slope(name, x)), 1, tolerance) << name << " " << x;
    }
  }
}

TYPED_TEST(ActivationTest, DoesNotHideNan) {
  const TypeParam nan = std::numeric_limits<TypeParam>::quiet_NaN();
  for (const std::string& name : all_names) {
    EXPECT_TRUE(std::isnan(activated(name, nan))) << name;
    EXPECT_TRUE(std::isnan(slopes(name, std::vector<TypeParam>{1}, nan)[0])) << name;
  }
}

TYPED_TEST(ActivationTest, BitsDependOnTheValueAlone) {
  const std::vector<TypeParam> input = grid<TypeParam>();
  for (const std::string& name : all_names) {
    const std::vector<TypeParam> together = activated(name, input);
    const std::vector<TypeParam> slopes_together = slopes(name, input);
    for (std::size_t i = 0; i < input.size(); ++i) {
      ASSERT_EQ(together[i], activated(name, input[i])) << name << " " << input[i];
      ASSERT_EQ(slopes_together[i], slope(name, input[i])) << name << " " << input[i];
    }
  }
}

TEST(Activation, RefusesAnUnknownName) {
  EXPECT_THROW(activation_named("swish"), std::invalid_argument);
  EXPECT_THROW(activation_named(""), std::invalid_argument);
}

TEST(Activation, KnowsWhatHalvesTheVariance) {
  for (const std::string& name : all_names) {
    const bool expected = name == "relu" || name == "softplus" || name == "gelu";
    EXPECT_EQ(halves_variance(activation_named(name)), expected) << name;
  }
}

}  // namespace
}  // namespace cauchy::model

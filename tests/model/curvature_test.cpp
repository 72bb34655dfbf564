// Second derivatives of likelihoods, against differences of the first ones.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "cauchy/model/likelihood.hpp"

namespace cauchy::model {
namespace {

struct Example {
  const char* name;
  std::size_t classes;
  std::size_t columns;
};

class CurvatureTest : public testing::TestWithParam<Example> {};

TEST_P(CurvatureTest, IsTheDerivativeOfTheDerivative) {
  const Example& example = GetParam();
  const auto likelihood = make_likelihood<double>(example.name, example.classes, example.columns);
  ASSERT_TRUE(likelihood->has_curvature());
  constexpr std::size_t rows = 70;  // more than categorical takes at once
  const std::size_t outputs = likelihood->outputs();
  std::vector<double> z(rows * outputs);
  std::vector<double> targets(rows * example.columns);
  std::vector<double> weights(rows);
  std::vector<double> exposure(rows);
  for (std::size_t i = 0; i < z.size(); ++i) {
    z[i] = 2 * std::sin(1.0 + 3.7 * static_cast<double>(i));
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    targets[i] = static_cast<double>(i % 2);  // every likelihood takes these
  }
  for (std::size_t i = 0; i < rows; ++i) {
    weights[i] = static_cast<double>(i % 4) / 2;
    exposure[i] = 1 + static_cast<double>(i % 3);
  }
  const Observations<double> observed{{targets.data(), rows, example.columns}, weights, exposure};
  const auto derivative = [&](const std::vector<double>& at) {
    std::vector<double> result(z.size());
    likelihood->nll_and_derivative({at.data(), rows, outputs}, observed, {result.data(), rows, outputs});
    return result;
  };
  std::vector<double> curvature(rows * outputs * outputs, -1.0);
  likelihood->curvature({z.data(), rows, outputs}, observed, {curvature.data(), rows, outputs * outputs});
  std::vector<double> tangents(z.size());
  std::vector<double> product(z.size(), -1.0);
  for (std::size_t i = 0; i < z.size(); ++i) {
    tangents[i] = std::sin(2.0 + 2.3 * static_cast<double>(i));
  }
  likelihood->curvature_product({z.data(), rows, outputs}, {tangents.data(), rows, outputs}, observed,
                                {product.data(), rows, outputs});
  for (std::size_t i = 0; i < z.size(); ++i) {
    const double* const row = curvature.data() + i * outputs;
    const double expected = std::inner_product(row, row + outputs, tangents.data() + i / outputs * outputs, 0.0);
    // A few roundings of terms about 1; of up to e² in a variance.
    EXPECT_NEAR(product[i], expected, 64 * std::numeric_limits<double>::epsilon()) << example.name << " " << i;
  }
  constexpr double step = 1e-5;
  for (std::size_t l = 0; l < outputs; ++l) {
    std::vector<double> above = z;
    std::vector<double> below = z;
    for (std::size_t i = 0; i < rows; ++i) {
      above[i * outputs + l] += step;
      below[i * outputs + l] -= step;
    }
    const std::vector<double> more = derivative(above);
    const std::vector<double> less = derivative(below);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t k = 0; k < outputs; ++k) {
        const double expected = (more[i * outputs + k] - less[i * outputs + k]) / (2 * step);
        // Differences of order step², and rounding over the step.
        EXPECT_NEAR(curvature[(i * outputs + k) * outputs + l], expected, 1e-8 * (1 + std::abs(expected)))
            << example.name << " " << i << " " << k << " " << l;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, CurvatureTest,
                         testing::Values(Example{"categorical", 3, 1}, Example{"categorical", 2, 1},
                                         Example{"gaussian", 0, 1}, Example{"gaussian", 0, 2},
                                         Example{"bernoulli", 0, 1}, Example{"bernoulli", 0, 2},
                                         Example{"poisson", 0, 1}, Example{"poisson", 0, 2},
                                         Example{"gaussian_heteroscedastic", 0, 1},
                                         Example{"gaussian_heteroscedastic", 0, 2}, Example{"student_t", 0, 2},
                                         Example{"negative_binomial", 0, 1}, Example{"negative_binomial", 0, 2}),
                         [](const auto& test) { return test.param.name + std::to_string(test.index); });

TEST(CurvatureTest, StaysFiniteFarOut) {
  const auto of = [](const char* name, double target, std::vector<double> outputs) {
    const auto likelihood = make_likelihood<double>(name, 0, 1);
    const std::size_t count = outputs.size();
    std::vector<double> found(count * count);
    likelihood->curvature({outputs.data(), 1, count}, {{&target, 1, 1}}, {found.data(), 1, count * count});
    return found;
  };
  EXPECT_EQ(of("student_t", 0, {1e160}), (std::vector<double>{0}));
  EXPECT_EQ(of("bernoulli", 0, {-800}), (std::vector<double>{0}));
  EXPECT_EQ(of("bernoulli", 0, {800}), (std::vector<double>{0}));
  EXPECT_EQ(of("gaussian_heteroscedastic", 1e200, {0, 1000})[3], 0.5 * std::pow(1e200 * std::exp(-500), 2));
}

TEST(NegativeBinomialCurvatureTest, IsThatOfTheTextbookForm) {
  // Central differences of -log p as in reference_values.py, in 600 binary digits.
  struct Value {
    double target;
    std::array<double, 2> outputs;
    std::array<double, 3> expected;  // by outputs 0 and 0, 0 and 1, 1 and 1
  };
  const std::vector<Value> values{
      {0, {0, 0}, {0.25, -0.25, -0.056852819440054690583}},
      {0, {2, -8}, {7.352560572192367814, -0.018225175522393077478, -9.0975385190693172313e-3}},
      {0, {-3, 4}, {3.60107317046689352e-3, -9.788731762231558412e-3, 8.7469014006342685535e-4}},
      {1, {0.5, -0.25}, {0.56217650088579810403, -0.15967241491614527602, 0.17900587705067492088}},
      {1, {3, -12}, {20.080703715740079288, -2.3547611354959095218e-3, -1.1155889537332824085e-3}},
      {2, {0.5, -14}, {1.6487194919612652935, 4.8158744531284116546e-7, 7.8022274670185742405e-7}},
      {3, {1, -2.25}, {2.1616868519714141859, 0.048766764076512709773, 0.096036955292772034351}},
      {3, {1, -2.5}, {2.2644151078181786564, 0.042017265769074819571, 0.082099164653759895525}},
      {7, {2, 1.5}, {0.20551989493314141257, -0.011069822473430551322, 0.13055082636083676579}},
      {40, {3, -3}, {15.021384230796916935, 4.9786157692030830648, 0.33583259412286936531}},
      {40, {3.5, -16}, {33.115354205479703998, 2.5656131573102758962e-5, -4.161890256664999146e-7}},
      {150, {4, 2}, {0.37031019943755912167, 0.23530954935618700431, 0.20919560161700851077}},
      {1e6, {13.8125, -3}, {20.145689632942235236, 0.060557346772037272709, 4.2469918325837781107e-3}},
      {1e6, {13, -10}, {46171.741881198690741, 25189.900459726490247, 8387.3194284247219439}},
      {1e6, {13.8125, -18}, {982126.13306077957698, 44.288970171347760754, -0.057378253270838494531}},
      {5, {-20, 0.5}, {1.9052492590422968831e-8, 1.6991338974988763006e-8, -0.66777637383477560642}},
      {5, {12, 3}, {1.5447406371742060492e-6, -0.049785508397251682945, 0.55015698838749326129}}};
  const auto likelihood = make_negative_binomial<double>(1);
  for (const Value& value : values) {
    std::array<double, 4> found{};
    likelihood->curvature({value.outputs.data(), 1, 2}, {{&value.target, 1, 1}, {}, {}}, {found.data(), 1, 4});
    EXPECT_EQ(found[1], found[2]);
    for (std::size_t i = 0; i < 3; ++i) {
      const double expected = value.expected[i];
      // Terms of this size are taken from each other.
      const double t = value.outputs[0] + value.outputs[1];
      const double terms = std::min(value.target, std::exp(-value.outputs[1])) * (1 + std::abs(t)) / (1 + std::exp(-t));
      EXPECT_NEAR(found[i == 2 ? 3 : i], expected, 1e-13 * std::abs(expected) + 1e-15 * terms)
          << value.target << " " << value.outputs[0] << " " << value.outputs[1] << " " << i;
    }
  }
}

}  // namespace
}  // namespace cauchy::model

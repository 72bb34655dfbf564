// Second derivatives of likelihoods, against differences of the first ones.

#include <gtest/gtest.h>

#include <cmath>
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
                                         Example{"gaussian_heteroscedastic", 0, 2}, Example{"student_t", 0, 2}),
                         [](const auto& test) { return test.param.name + std::to_string(test.index); });

}  // namespace
}  // namespace cauchy::model

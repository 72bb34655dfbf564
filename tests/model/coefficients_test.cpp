// Standard errors of linear models, against numbers from formulas.

#include "cauchy/model/coefficients.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cauchy/core/error.hpp"

namespace cauchy::model {
namespace {

constexpr double critical = 1.959963984540054;  // normal, 0.95

/// One output, inputs without a pattern, intercept: the information of a gaussian likelihood.
LinearFit example(std::size_t inputs, const std::vector<double>& estimates) {
  LinearFit fit;
  fit.outputs = 1;
  fit.inputs = inputs;
  fit.intercept = true;
  fit.estimates = estimates;
  const std::size_t count = inputs + 1;
  fit.information.assign(count * count, 0.0);
  fit.gradient.assign(count, 0.0);
  for (int row = 0; row < 30; ++row) {
    std::vector<double> x{1};
    for (std::size_t j = 0; j < inputs; ++j) {
      x.push_back(std::sin(1.7 * row * static_cast<double>(j + 1)));
    }
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        fit.information[i * count + j] += x[i] * x[j];
      }
    }
  }
  return fit;
}

TEST(Coefficients, OfOneMeanAreThoseOfTheTextbook) {
  LinearFit fit;
  fit.outputs = 1;
  fit.intercept = true;
  fit.estimates = {3};
  fit.information = {25};
  fit.gradient = {0.5};
  const Coefficients result = infer(fit, 0.95);
  ASSERT_EQ(result.all.size(), 1U);
  const Coefficient& mean = result.all[0];
  EXPECT_EQ(mean.input, intercept_input);
  EXPECT_EQ(mean.estimate, 3);
  EXPECT_DOUBLE_EQ(mean.standard_error, 0.2);
  EXPECT_DOUBLE_EQ(mean.statistic, 15);
  EXPECT_NEAR(mean.lower, 3 - 0.2 * critical, 1e-14);
  EXPECT_NEAR(mean.upper, 3 + 0.2 * critical, 1e-14);
  EXPECT_DOUBLE_EQ(result.distance, 0.1);  // 0.5/25 in units of 0.2

  fit.residual_squares = {4 * 24};
  fit.weight = 25;
  EXPECT_DOUBLE_EQ(infer(fit, 0.95).all[0].standard_error, 0.4);
  EXPECT_DOUBLE_EQ(infer(fit, 0.95).distance, 0.05);
  EXPECT_EQ(infer(fit, 0.95).degrees_of_freedom, 24);
  fit.weight = 1;
  EXPECT_THROW(infer(fit, 0.95), core::UserError);
}

TEST(Coefficients, StandardisationIsUndone) {
  // x = (input - mean)·scale: the model of x is one of the inputs with slopes β·scale and intercept b - Σ β·scale·mean.
  LinearFit fit = example(3, {1, 2, -3, 0.5});
  const Coefficients of_x = infer(fit, 0.95);
  fit.mean = {10, -4, 0};
  fit.scale = {0.5, 2, 1};
  const Coefficients of_inputs = infer(fit, 0.95);
  ASSERT_EQ(of_inputs.all.size(), 4U);
  for (std::size_t j = 1; j < 4; ++j) {
    EXPECT_DOUBLE_EQ(of_inputs.all[j].estimate, of_x.all[j].estimate * fit.scale[j - 1]);
    EXPECT_DOUBLE_EQ(of_inputs.all[j].standard_error, of_x.all[j].standard_error * fit.scale[j - 1]);
    EXPECT_DOUBLE_EQ(of_inputs.all[j].p_value, of_x.all[j].p_value);
  }
  EXPECT_DOUBLE_EQ(of_inputs.all[0].estimate, 1 - 2 * 0.5 * 10 - 3 * 2 * 4);

  LinearFit direct = example(3, {-33, 1, -6, 0.5});
  const std::vector<double> lower = direct.information;
  // (1, inputs) = S·(1, x), whose information is S·I·Sᵀ.
  const std::vector<std::vector<double>> s{{1, 0, 0, 0}, {10, 2, 0, 0}, {-4, 0, 0.5, 0}, {0, 0, 0, 1}};
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < 4; ++k) {
        for (std::size_t l = 0; l < 4; ++l) {
          sum += s[i][k] * lower[std::max(k, l) * 4 + std::min(k, l)] * s[j][l];
        }
      }
      direct.information[i * 4 + j] = sum;
    }
  }
  const Coefficients expected = infer(direct, 0.95);
  for (std::size_t j = 0; j < 4; ++j) {
    // The offsets of ten deviations cost two digits of sixteen, and are squared.
    EXPECT_NEAR(of_inputs.all[j].standard_error, expected.all[j].standard_error, 1e-10) << j;
    EXPECT_NEAR(of_inputs.all[j].estimate, expected.all[j].estimate, 1e-12) << j;
  }
}

TEST(Coefficients, WhatDependsOnOthersGivesThemItsEffect) {
  LinearFit fit = example(2, {1, 2, 3});
  const Coefficients alone = infer(fit, 0.95);
  // A third input, 1 - 2·(the first): β = (1, 2, 3, 4) is the same model as (1 + 4, 2 - 8, 3, 0).
  LinearFit more;
  more.outputs = 1;
  more.inputs = 3;
  more.intercept = true;
  more.estimates = {1 - 4, 2 + 8, 3, 4};
  more.gradient.assign(4, 0.0);
  const std::vector<std::vector<double>> rows{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, -2, 0}};
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        for (std::size_t l = 0; l < 3; ++l) {
          sum += rows[i][k] * fit.information[std::max(k, l) * 3 + std::min(k, l)] * rows[j][l];
        }
      }
      more.information.push_back(j <= i ? sum : 0);
    }
  }
  const Coefficients result = infer(more, 0.95);
  EXPECT_FALSE(result.all[3].determined);
  EXPECT_EQ(result.all[3].estimate, 0);
  for (std::size_t j = 0; j < 3; ++j) {
    EXPECT_TRUE(result.all[j].determined);
    EXPECT_NEAR(result.all[j].estimate, alone.all[j].estimate, 1e-13);
    EXPECT_NEAR(result.all[j].standard_error, alone.all[j].standard_error, 1e-14);
  }
}

}  // namespace
}  // namespace cauchy::model

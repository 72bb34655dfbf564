// Likelihoods of measurements whose targets have a scale: those of (y - mean)/deviation, told in the units of y.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "cauchy/model/likelihood.hpp"

namespace cauchy::model {
namespace {

using linear_algebra::MatrixView;

constexpr std::size_t rows = 3;
constexpr std::size_t columns = 2;

const TargetScale scale{{1000, -2}, {50, 0.25}};
const std::vector<double> standard{0.3, -1.2, 0.8, 2.5, -0.4, 0.1};

std::vector<double> in_units(const std::vector<double>& values) {
  std::vector<double> result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    result.push_back(scale.mean[i % columns] + scale.deviation[i % columns] * values[i]);
  }
  return result;
}

class TargetScaleTest : public testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<Likelihood<double>> plain_ = make_likelihood<double>(GetParam(), 0, columns);
  std::unique_ptr<Likelihood<double>> scaled_ = make_likelihood<double>(GetParam(), 0, columns, 4, scale);
  std::size_t outputs_ = plain_->outputs();
  std::vector<double> z_ = [this] {
    std::vector<double> values;
    for (std::size_t i = 0; i < rows * outputs_; ++i) {
      values.push_back(std::sin(static_cast<double>(i) + 1));
    }
    return values;
  }();
  std::vector<double> y_ = in_units(standard);

  MatrixView<const double> outputs() const { return {z_.data(), rows, outputs_}; }
  static Observations<double> observed(const std::vector<double>& targets) { return {{targets.data(), rows, columns}}; }
};

// Four operations on numbers of order 1000 with a deviation of 0.25: 2^-53·4·4000, and some more.
constexpr double tolerance = 1e-11;

TEST_P(TargetScaleTest, DividesTheDensityByTheDeviation) {
  std::vector<double> derivative(z_.size());
  std::vector<double> expected(z_.size());
  const double nll = scaled_->nll_and_derivative(outputs(), observed(y_), {derivative.data(), rows, outputs_});
  const double plain = plain_->nll_and_derivative(outputs(), observed(standard), {expected.data(), rows, outputs_});
  EXPECT_NEAR(nll, plain + rows * (std::log(50) + std::log(0.25)), tolerance);
  EXPECT_EQ(nll, scaled_->nll(outputs(), observed(y_)));
  for (std::size_t i = 0; i < derivative.size(); ++i) {
    EXPECT_NEAR(derivative[i], expected[i], tolerance);
  }
}

TEST_P(TargetScaleTest, HasTheCurvatureOfTheStandardisedTargets) {
  if (!plain_->has_curvature()) {
    return;
  }
  const auto curvature = [&](const Likelihood<double>& likelihood, const std::vector<double>& targets) {
    std::vector<double> result(rows * outputs_ * outputs_);
    likelihood.curvature(outputs(), observed(targets), {result.data(), rows, outputs_ * outputs_});
    return result;
  };
  const std::vector<double> found = curvature(*scaled_, y_);
  const std::vector<double> expected = curvature(*plain_, standard);
  std::vector<double> product(z_.size());
  scaled_->curvature_product(outputs(), outputs(), observed(y_), {product.data(), rows, outputs_});
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], expected[i], tolerance);
  }
  for (std::size_t i = 0; i < product.size(); ++i) {
    const double* const row = expected.data() + i * outputs_;
    EXPECT_NEAR(product[i], std::inner_product(row, row + outputs_, z_.data() + i / outputs_ * outputs_, 0.0),
                tolerance);
  }
}

TEST_P(TargetScaleTest, PredictsInTheUnitsOfTheTargets) {
  std::vector<double> found(z_.size());
  std::vector<double> expected(z_.size());
  scaled_->predict(outputs(), {}, {found.data(), rows, outputs_});
  plain_->predict(outputs(), {}, {expected.data(), rows, outputs_});
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t k = 0; k < columns; ++k) {
      const std::size_t first = i * outputs_ + k;
      EXPECT_NEAR(found[first], scale.mean[k] + scale.deviation[k] * expected[first], 1000 * tolerance);
      if (outputs_ > columns) {  // the variance
        const double variance = scale.deviation[k] * scale.deviation[k] * expected[first + columns];
        EXPECT_NEAR(found[first + columns], variance, variance * tolerance);
      }
    }
  }
}

TEST_P(TargetScaleTest, HasQuantilesInTheUnitsOfTheTargets) {
  std::vector<double> found(rows * columns);
  std::vector<double> expected(rows * columns);
  scaled_->quantile(0.9, outputs(), {}, {found.data(), rows, columns});
  plain_->quantile(0.9, outputs(), {}, {expected.data(), rows, columns});
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], in_units(expected)[i], 1000 * tolerance);
  }
}

TEST_P(TargetScaleTest, MeasuresErrorsInTheUnitsOfTheTargets) {
  TargetSummary all;
  all.rows = rows;
  all.weight = rows;
  all.exposure = rows;
  all.mean = {1000, -2};
  all.variance = {2500, 0.0625};
  std::vector<double> sums(scaled_->metric_sums());
  scaled_->add_metric_sums(outputs(), observed(y_), all, sums);
  std::vector<double> prediction(z_.size());
  scaled_->predict(outputs(), {}, {prediction.data(), rows, outputs_});
  double squares = 0;
  for (std::size_t i = 0; i < rows * columns; ++i) {
    const double error = prediction[i / columns * outputs_ + i % columns] - y_[i];
    squares += error * error;
  }
  const std::vector<std::string> names = scaled_->metrics();
  const auto rmse = static_cast<std::size_t>(std::ranges::find(names, "rmse") - names.begin());
  EXPECT_NEAR(scaled_->metric_values(sums, {})[rmse], std::sqrt(squares / (rows * columns)), 1000 * tolerance);
}

INSTANTIATE_TEST_SUITE_P(Measurements, TargetScaleTest,
                         testing::Values("gaussian", "gaussian_heteroscedastic", "laplace", "student_t"));

TEST(TargetScale, IsMeanAndDeviationAndLeavesAConstantAlone) {
  TargetSummary all;
  all.mean = {3, 5};
  all.variance = {4, 0};
  EXPECT_EQ(scale_of(all), (TargetScale{{3, 5}, {2, 1}}));
}

TEST(TargetScale, IsForMeasurements) {
  for (const std::string& name : likelihood_names()) {
    const bool measures = name.starts_with("gaussian") || name == "laplace" || name == "student_t";
    EXPECT_EQ(make_likelihood<float>(name, 3, 1)->is_of_measurements(), measures) << name;
  }
}

}  // namespace
}  // namespace cauchy::model

// Standard errors of generalized linear models.

#include "cauchy/model/coefficients.hpp"

#include <algorithm>
#include <cmath>

#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/semidefinite.hpp"
#include "cauchy/model/tails.hpp"

namespace cauchy::model {
namespace {

// Of a column's sum of squares, what others must leave: rounding of sums of many rows is far below, and an input in its
// own units may have an offset of 10^5 deviations.
constexpr double least_rest = 1e-11;

/// The same model with parameters of dependent columns 0, which the others make up for.
std::vector<double> determined_estimates(const LinearFit& fit, const linear_algebra::SemidefiniteInverse& covariance) {
  std::vector<double> result = fit.estimates;
  const std::size_t count = result.size();
  for (std::size_t a = 0; a < count; ++a) {
    if (covariance.dependent[a]) {
      for (std::size_t j = 0; j < count; ++j) {
        result[j] += covariance.combination[a * count + j] * fit.estimates[a];
      }
    }
  }
  for (std::size_t a = 0; a < count; ++a) {
    result[a] = covariance.dependent[a] ? 0 : result[a];
  }
  return result;
}

/// aᵀ·C·a over the parameters of one output.
double quadratic(const std::vector<double>& a, const std::vector<double>& covariance, std::size_t first,
                 std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double* const row = covariance.data() + (first + i) * count + first;
    double product = 0;
    for (std::size_t j = 0; j < a.size(); ++j) {
      product += row[j] * a[j];
    }
    sum += a[i] * product;
  }
  return sum;
}

void judge(Coefficient& coefficient, double variance, double critical, double degrees_of_freedom) {
  coefficient.standard_error = std::sqrt(std::max(variance, 0.0));
  coefficient.statistic = coefficient.estimate / coefficient.standard_error;
  coefficient.p_value = two_sided_p_value(coefficient.statistic, degrees_of_freedom);
  coefficient.lower = coefficient.estimate - critical * coefficient.standard_error;
  coefficient.upper = coefficient.estimate + critical * coefficient.standard_error;
}

/// max |C·g| / standard error.
double distance_to_optimum(const LinearFit& fit, const std::vector<double>& covariance,
                           const std::vector<double>& variances) {
  const std::size_t count = fit.gradient.size();
  double largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    double step = 0;
    for (std::size_t j = 0; j < count; ++j) {
      step += covariance[i * count + j] * fit.gradient[j];
    }
    const double variance = covariance[i * count + i];
    if (variance > 0) {
      const double of_output = variances.empty() ? 1 : variances[i * variances.size() / count];
      largest = std::max(largest, std::abs(step) / std::sqrt(variance * of_output));
    }
  }
  return largest;
}

}  // namespace

Coefficients infer(const LinearFit& fit, double level) {
  const std::size_t offset = fit.intercept ? 1 : 0;
  const std::size_t block = fit.inputs + offset;
  const std::size_t count = fit.outputs * block;
  const auto covariance = linear_algebra::invert_semidefinite({fit.information.data(), count, count}, least_rest);
  const std::vector<double> estimates = determined_estimates(fit, covariance);
  const auto scale_of = [&](std::size_t input) { return fit.scale.empty() ? 1 : fit.scale[input]; };

  Coefficients result;
  if (!fit.residual_squares.empty()) {
    const auto determined = std::count(covariance.dependent.begin(), covariance.dependent.end(), false);
    result.degrees_of_freedom = fit.weight - static_cast<double>(determined) / static_cast<double>(fit.outputs);
    if (!(result.degrees_of_freedom > 0)) {
      throw core::UserError(
          "there are no more samples than coefficients, so that nothing is left to tell the variance");
    }
    for (const double squares : fit.residual_squares) {
      result.variances.push_back(squares / result.degrees_of_freedom);
    }
  }
  result.distance = distance_to_optimum(fit, covariance.inverse, result.variances);
  const double critical = critical_value(level, result.degrees_of_freedom);
  for (std::size_t output = 0; output < fit.outputs; ++output) {
    const std::size_t first = output * block;
    const double variance = result.variances.empty() ? 1 : result.variances[output];
    if (fit.intercept || !fit.mean.empty()) {
      Coefficient intercept{output, intercept_input};
      std::vector<double> weights(block, 1.0);
      for (std::size_t input = 0; input < fit.inputs; ++input) {
        weights[offset + input] = fit.mean.empty() ? 0 : -fit.mean[input] * fit.scale[input];
      }
      for (std::size_t j = 0; j < block; ++j) {
        intercept.estimate += weights[j] * estimates[first + j];
      }
      judge(intercept, variance * quadratic(weights, covariance.inverse, first, count), critical,
            result.degrees_of_freedom);
      result.all.push_back(intercept);
    }
    for (std::size_t input = 0; input < fit.inputs; ++input) {
      const std::size_t j = first + offset + input;
      const double scale = scale_of(input);
      Coefficient coefficient{output, input, !covariance.dependent[j], estimates[j] * scale};
      if (coefficient.determined) {
        judge(coefficient, variance * covariance.inverse[j * count + j] * scale * scale, critical,
              result.degrees_of_freedom);
      }
      result.all.push_back(coefficient);
    }
  }
  return result;
}

}  // namespace cauchy::model

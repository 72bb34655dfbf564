// The normal likelihood, with variance 1 or a learned one.

#include <cmath>
#include <numbers>
#include <utility>

#include "independent.hpp"
#include "measurements.hpp"
#include "quantiles.hpp"

namespace cauchy::model {
namespace {

struct Normal {
  using Outputs = std::array<double, 1>;
  static constexpr std::array parameter_names{"mean"};
  static constexpr std::array figures{Figure::rmse, Figure::r2, Figure::variance};
  static constexpr bool uses_exposure = false;

  Term<1> term(double y, const Outputs& z, double /*log_exposure*/) const {
    const double error = z[0] - y;
    return {0.5 * error * error + 0.5 * std::log(2 * std::numbers::pi), {error}};
  }

  Outputs parameters(const Outputs& z, double /*log_exposure*/) const { return z; }
  Outputs in_units(const Outputs& found, double mean, double deviation) const { return {mean + deviation * found[0]}; }

  Curvature<1> curvature(double /*y*/, const Outputs& /*z*/, double /*log_exposure*/) const { return {{{1}}}; }

  double quantile(double probability, const Outputs& z, double /*log_exposure*/) const {
    return z[0] + normal_quantile(probability);
  }

  const char* fault(double y) const { return number_fault(y); }
};

template <typename Real>
double squared_distance(const Real* output, const Real* target, std::size_t columns) {
  double sum = 0;
  for (std::size_t k = 0; k < columns; ++k) {
    const double error = static_cast<double>(output[k]) - static_cast<double>(target[k]);
    sum += error * error;
  }
  return sum;
}

/// The sums of all targets of a sample at once, where they have no scale.
template <typename Real>
class Gaussian final : public Independent<Real, Normal> {
 public:
  template <typename T>
  using MatrixView = linear_algebra::MatrixView<T>;

  using Independent<Real, Normal>::Independent;

  double nll(MatrixView<const Real> outputs, const Observations<Real>& observed) const override {
    if (this->scale().active()) {
      return Independent<Real, Normal>::nll(outputs, observed);
    }
    return observed.weighted()
               ? total(outputs, observed.targets,
                       [&](double value, std::size_t sample) { return weighted(value, observed, sample); })
               : total(outputs, observed.targets, [](double value, std::size_t) { return value; });
  }

  double nll_and_derivative(MatrixView<const Real> outputs, const Observations<Real>& observed,
                            MatrixView<Real> derivative) const override {
    if (this->scale().active()) {
      return Independent<Real, Normal>::nll_and_derivative(outputs, observed, derivative);
    }
    const double sum = nll(outputs, observed);
    const Real* const targets = observed.targets.data;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      derivative.data[i] = outputs.data[i] - targets[i];
    }
    weigh_rows(observed, derivative);
    return sum;
  }

 private:
  /// Of what samples count by their value and number.
  template <typename Counted>
  static double total(MatrixView<const Real> outputs, MatrixView<const Real> targets, Counted counted) {
    const double log_normalization = 0.5 * static_cast<double>(outputs.columns) * std::log(2 * std::numbers::pi);
    double sum = 0;
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      sum += counted(0.5 * squared_distance(outputs.row(i), targets.row(i), outputs.columns) + log_normalization, i);
    }
    return sum;
  }
};

/// With s = log variance: ½·(log 2π + s + (y - m)²·e^-s).
struct Heteroscedastic {
  using Outputs = std::array<double, 2>;
  static constexpr std::array parameter_names{"mean", "variance"};
  static constexpr std::array figures{Figure::rmse, Figure::r2};
  static constexpr bool uses_exposure = false;

  Term<2> term(double y, const Outputs& z, double /*log_exposure*/) const {
    const double inverse_deviation = std::exp(-0.5 * z[1]);
    // 0·∞ is no error; a NaN passes.
    const double error = z[0] == y ? 0 : (z[0] - y) * inverse_deviation;
    return {0.5 * (std::log(2 * std::numbers::pi) + z[1] + error * error),
            {error == 0 ? 0 : error * inverse_deviation, 0.5 * (1 - error * error)}};
  }

  Curvature<2> curvature(double y, const Outputs& z, double /*log_exposure*/) const {
    const double inverse_deviation = std::exp(-0.5 * z[1]);
    const double error = z[0] == y ? 0 : (z[0] - y) * inverse_deviation;
    const double mixed = error == 0 ? 0 : -error * inverse_deviation;
    return {{{inverse_deviation * inverse_deviation, mixed}, {mixed, 0.5 * error * error}}};
  }

  Outputs parameters(const Outputs& z, double /*log_exposure*/) const { return {z[0], std::exp(z[1])}; }
  Outputs in_units(const Outputs& found, double mean, double deviation) const {
    return {mean + deviation * found[0], deviation * deviation * found[1]};
  }

  Outputs start(double mean, double variance, double /*log_rate*/) const {
    return {mean, variance > 0 ? std::log(variance) : 0};
  }

  double quantile(double probability, const Outputs& z, double /*log_exposure*/) const {
    return z[0] + std::exp(0.5 * z[1]) * normal_quantile(probability);
  }

  const char* fault(double y) const { return number_fault(y); }
};

}  // namespace

template <typename Real>
std::unique_ptr<Likelihood<Real>> make_gaussian(std::size_t columns, TargetScale scale) {
  return std::make_unique<Gaussian<Real>>(columns, Normal(), std::move(scale));
}

template <typename Real>
std::unique_ptr<Likelihood<Real>> make_gaussian_heteroscedastic(std::size_t columns, TargetScale scale) {
  return std::make_unique<Independent<Real, Heteroscedastic>>(columns, Heteroscedastic(), std::move(scale));
}

template std::unique_ptr<Likelihood<float>> make_gaussian(std::size_t, TargetScale);
template std::unique_ptr<Likelihood<double>> make_gaussian(std::size_t, TargetScale);
template std::unique_ptr<Likelihood<float>> make_gaussian_heteroscedastic(std::size_t, TargetScale);
template std::unique_ptr<Likelihood<double>> make_gaussian_heteroscedastic(std::size_t, TargetScale);

}  // namespace cauchy::model

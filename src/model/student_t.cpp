// Student's t likelihood with scale 1.

#include <cmath>
#include <numbers>
#include <utility>

#include "independent.hpp"
#include "measurements.hpp"
#include "quantiles.hpp"
#include "special_functions.hpp"

namespace cauchy::model {
namespace {

/// -log of Γ((ν+1)/2)/(Γ(ν/2)·√(νπ)), with Stirling's formula in both Γ, so that they do not cancel for large ν.
double log_normalization(double nu) {
  const double a = nu / 2;
  return 0.5 * std::log(2 * std::numbers::pi) - a * log1p_minus_x(0.5 / a) + stirling_remainder(a, std::log(a)) -
         stirling_remainder(a + 0.5, std::log(a + 0.5));
}

/// ν degrees of freedom: ½(ν+1)·log(1 + (y - z)²/ν) and the normalization.
class StudentT {
 public:
  using Outputs = std::array<double, 1>;
  static constexpr std::array parameter_names{"location"};
  static constexpr std::array figures{Figure::rmse, Figure::mae, Figure::r2};
  static constexpr bool uses_exposure = false;

  explicit StudentT(double degrees_of_freedom)
      : nu_(degrees_of_freedom), log_normalization_(log_normalization(degrees_of_freedom)) {}

  Term<1> term(double y, const Outputs& z, double /*log_exposure*/) const {
    const double error = z[0] - y;
    const double magnitude = std::abs(error);
    // Beyond 1e100 the 1 is nothing, and the square might overflow.
    const double log_ratio =
        magnitude < 1e100 ? std::log1p(error * error / nu_) : 2 * std::log(magnitude) - std::log(nu_);
    return {0.5 * (nu_ + 1) * log_ratio + log_normalization_,
            {magnitude < 1 ? (nu_ + 1) * error / (nu_ + error * error) : (nu_ + 1) / (nu_ / error + error)}};
  }

  Curvature<1> curvature(double y, const Outputs& z, double /*log_exposure*/) const {
    const double share = 1 / (1 + (z[0] - y) * (z[0] - y) / nu_);  // 0 where the square overflows
    return {{{(nu_ + 1) / nu_ * share * (2 * share - 1)}}};
  }

  Outputs parameters(const Outputs& z, double /*log_exposure*/) const { return z; }
  Outputs in_units(const Outputs& found, double mean, double deviation) const { return {mean + deviation * found[0]}; }

  Outputs start(double mean, double /*variance*/, double /*log_rate*/) const { return {mean}; }

  double quantile(double probability, const Outputs& z, double /*log_exposure*/) const {
    return z[0] + student_t_quantile(probability, nu_);
  }

  const char* fault(double y) const { return number_fault(y); }

 private:
  double nu_;
  double log_normalization_;
};

}  // namespace

template <typename Real>
std::unique_ptr<Likelihood<Real>> make_student_t(std::size_t columns, double degrees_of_freedom, TargetScale scale) {
  return std::make_unique<Independent<Real, StudentT>>(columns, StudentT(degrees_of_freedom), std::move(scale));
}

template std::unique_ptr<Likelihood<float>> make_student_t(std::size_t, double, TargetScale);
template std::unique_ptr<Likelihood<double>> make_student_t(std::size_t, double, TargetScale);

}  // namespace cauchy::model

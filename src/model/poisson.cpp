// Counts with the logarithm of their mean.

#include <cmath>
#include <numbers>

#include "counts.hpp"
#include "independent.hpp"
#include "quantiles.hpp"
#include "special_functions.hpp"

namespace cauchy::model {
namespace {

/// With d = log μ - log y: -log p = y·(e^d - 1 - d) + δ(y) + ½·log 2πy for y > 0 (Loader, "Fast and accurate
/// computation of binomial probabilities", 2000), in which no large terms cancel as in μ - y·log μ + log y!.
struct Poisson {
  using Outputs = std::array<double, 1>;
  static constexpr std::array parameter_names{"mean"};
  static constexpr std::array figures{Figure::deviance, Figure::d2, Figure::rmse};
  static constexpr bool uses_exposure = true;

  Term<1> term(double y, const Outputs& z, double log_exposure) const {
    const double log_mean = z[0] + log_exposure;
    if (y == 0) {
      const double mean = std::exp(log_mean);
      return {mean, {mean}};
    }
    const double log_y = std::log(y);
    const double d = log_mean - log_y;
    return {y * expm1_minus_x(d) + saturated_nll(y, log_y), {y * std::expm1(d)}};
  }

  Outputs parameters(const Outputs& z, double log_exposure) const { return {std::exp(z[0] + log_exposure)}; }

  Curvature<1> curvature(double /*y*/, const Outputs& z, double log_exposure) const {
    return {{{std::exp(z[0] + log_exposure)}}};
  }

  Outputs start(double /*mean*/, double /*variance*/, double log_rate) const { return {log_rate}; }

  double quantile(double probability, const Outputs& z, double log_exposure) const {
    return poisson_quantile(probability, std::exp(z[0] + log_exposure));
  }

  double deviance(double y, const Outputs& z, double log_exposure) const {
    return null_deviance(y, z[0] + log_exposure);
  }

  double null_deviance(double y, double log_mean) const {
    return y == 0 ? 2 * std::exp(log_mean) : 2 * y * expm1_minus_x(log_mean - std::log(y));
  }

  const char* fault(double y) const { return count_fault(y); }
};

}  // namespace

template <typename Real>
std::unique_ptr<Likelihood<Real>> make_poisson(std::size_t columns) {
  return std::make_unique<Independent<Real, Poisson>>(columns);
}

template std::unique_ptr<Likelihood<float>> make_poisson(std::size_t);
template std::unique_ptr<Likelihood<double>> make_poisson(std::size_t);

}  // namespace cauchy::model

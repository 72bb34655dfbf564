// The Laplace likelihood with scale 1.

#include <cmath>
#include <numbers>
#include <utility>

#include "independent.hpp"
#include "measurements.hpp"

namespace cauchy::model {
namespace {

struct Laplace {
  using Outputs = std::array<double, 1>;
  static constexpr std::array parameter_names{"median"};
  static constexpr std::array figures{Figure::mae, Figure::rmse, Figure::r2};
  static constexpr bool uses_exposure = false;

  /// At y itself any number from -1 to 1 is a subgradient; 0 is taken.
  Term<1> term(double y, const Outputs& z, double /*log_exposure*/) const {
    const double error = z[0] - y;
    return {std::abs(error) + std::numbers::ln2, {error > 0 ? 1 : error < 0 ? -1 : error}};
  }

  Outputs parameters(const Outputs& z, double /*log_exposure*/) const { return z; }
  Outputs in_units(const Outputs& found, double mean, double deviation) const { return {mean + deviation * found[0]}; }

  Outputs start(double mean, double /*variance*/, double /*log_rate*/) const { return {mean}; }

  double quantile(double probability, const Outputs& z, double /*log_exposure*/) const {
    return probability < 0.5 ? z[0] + std::log(2 * probability) : z[0] - std::log(2 * (1 - probability));
  }

  const char* fault(double y) const { return number_fault(y); }
};

}  // namespace

template <typename Real>
std::unique_ptr<Likelihood<Real>> make_laplace(std::size_t columns, TargetScale scale) {
  return std::make_unique<Independent<Real, Laplace>>(columns, Laplace(), std::move(scale));
}

template std::unique_ptr<Likelihood<float>> make_laplace(std::size_t, TargetScale);
template std::unique_ptr<Likelihood<double>> make_laplace(std::size_t, TargetScale);

}  // namespace cauchy::model

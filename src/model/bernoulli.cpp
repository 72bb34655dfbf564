// Targets 0 and 1 with logits.

#include <cmath>

#include "independent.hpp"
#include "special_functions.hpp"

namespace cauchy::model {
namespace {

struct Bernoulli {
  using Outputs = std::array<double, 1>;
  static constexpr std::array parameter_names{"p"};
  static constexpr std::array figures{Figure::accuracy, Figure::auc};
  static constexpr bool uses_exposure = false;

  Term<1> term(double y, const Outputs& z, double /*log_exposure*/) const {
    const double against = y > 0 ? -z[0] : z[0];
    const double wrong = sigmoid(against);
    return {softplus(against), {y > 0 ? -wrong : wrong}};
  }

  Outputs parameters(const Outputs& z, double /*log_exposure*/) const { return {sigmoid(z[0])}; }

  Curvature<1> curvature(double /*y*/, const Outputs& z, double /*log_exposure*/) const {
    const double smaller = sigmoid(-std::abs(z[0]));
    return {{{smaller * (1 - smaller)}}};
  }

  bool hit(double y, const Outputs& z) const { return y > 0 ? z[0] > 0 : z[0] <= 0; }

  const char* fault(double y) const {
    return y == 0 || y == 1 ? nullptr
           : y == -1        ? "is neither 0 nor 1; labels -1 and 1 become 0 and 1"
                            : "is neither 0 nor 1";
  }
};

}  // namespace

template <typename Real>
std::unique_ptr<Likelihood<Real>> make_bernoulli(std::size_t columns) {
  return std::make_unique<Independent<Real, Bernoulli>>(columns);
}

template std::unique_ptr<Likelihood<float>> make_bernoulli(std::size_t);
template std::unique_ptr<Likelihood<double>> make_bernoulli(std::size_t);

}  // namespace cauchy::model

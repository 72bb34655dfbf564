// Counts with the logarithms of their mean and of their dispersion.

#include <cmath>
#include <numbers>

#include "counts.hpp"
#include "independent.hpp"
#include "quantiles.hpp"
#include "special_functions.hpp"

namespace cauchy::model {
namespace {

/// With mean μ and r = 1/α, p(y) = Γ(y+r)/(Γ(r)·y!)·(r/(r+μ))^r·(μ/(r+μ))^y. α → 0 is the Poisson distribution. All in
/// logarithms of α and μ, so that nothing overflows before -log p itself does.
class NegativeBinomialTerm {
 public:
  NegativeBinomialTerm(double y, double log_mean, double log_dispersion)
      : y_(y),
        log_mean_(log_mean),
        log_dispersion_(log_dispersion),
        mean_(std::exp(log_mean)),
        r_(std::exp(-log_dispersion)),
        t_(log_mean + log_dispersion) {}

  Term<2> term() const {
    if (y_ == 0) {
      return {r_softplus(), {mean_share(), r_sigmoid_minus_softplus()}};
    }
    const double log_y = std::log(y_);
    const double log_alpha_y = log_y + log_dispersion_;
    // Stirling's formula in all three Γ leaves δ and the deviance, as in Loader's binomial probabilities.
    const double nll = saturated_nll(y_, log_y) + 0.5 * softplus(log_alpha_y) +
                       (stirling_remainder(r_, -log_dispersion_) - stirling_remainder(y_ + r_, std::log(y_ + r_))) +
                       half_deviance();
    return {nll, {mean_share() - y_ * sigmoid(-t_), y_ * sigmoid(t_) - falling_share() + r_sigmoid_minus_softplus()}};
  }

  /// The mean's row: e^z_1 enters by μ, and 1/(1 + αμ) = σ(-t).
  Curvature<2> curvature() const {
    const double share = sigmoid(t_);
    const double mixed = y_ == 0 ? -share * mean_share() : share * (y_ * sigmoid(-t_) - mean_share());
    const double of_mean = sigmoid(-t_) * (mean_share() + y_ * share);
    const double of_dispersion =
        y_ * share * sigmoid(-t_) - falling_share_change() - mean_share() * share - r_sigmoid_minus_softplus();
    return {{{of_mean, mixed}, {mixed, of_dispersion}}};
  }

  /// log p at the mean y over log p at μ: y·log(y/μ) - (y+r)·log((y+r)/(μ+r)).
  double half_deviance() const {
    if (y_ == 0) {
      return r_softplus();
    }
    const double log_y = std::log(y_);
    const double d = log_mean_ - log_y;
    const double log_ratio = log_y + log_dispersion_;  // log y/r
    return log_ratio > 0 ? half_deviance_of_small_r(d, log_ratio) : half_deviance_of_small_y(d, log_ratio);
  }

 private:
  static constexpr double far = 30;

  /// r·log(1 + αμ).
  double r_softplus() const { return t_ > 0 ? r_ * softplus(t_) : mean_ * log1p_over_x(std::exp(t_)); }

  /// y·log(y/μ) - (y+r)·log((y+r)/(μ+r)), y ≤ r: with (μ+r)/(y+r) = 1 + (e^d - 1)·y/(y+r). Where e^d is far from 1
  /// nothing cancels.
  double half_deviance_of_small_y(double d, double log_ratio) const {
    const double share = sigmoid(log_ratio);
    if (share == 0) {
      return y_ * expm1_minus_x(d);
    }
    if (std::abs(d) > far) {
      return (y_ + r_) * (softplus(t_) - softplus(log_ratio)) - y_ * d;
    }
    const double relative = std::expm1(d);
    return y_ * (relative * log1p_over_x(share * relative) - d);
  }

  /// The same, r < y: with (μ+r)/(y+r) = e^d·(1 + (e^-d - 1)·r/(y+r)).
  double half_deviance_of_small_r(double d, double log_ratio) const {
    if (std::abs(d) > far) {
      return r_ * d + (y_ + r_) * (softplus(-t_) - softplus(-log_ratio));
    }
    const double relative = std::expm1(-d);
    return r_ * (d + relative * log1p_over_x(sigmoid(-log_ratio) * relative));
  }

  /// μ/(1 + αμ).
  double mean_share() const { return t_ > 0 ? r_ * sigmoid(t_) : mean_ * sigmoid(-t_); }

  /// r·(αμ/(1 + αμ) - log(1 + αμ)).
  double r_sigmoid_minus_softplus() const {
    if (t_ > 0) {
      return r_ * (sigmoid(t_) - softplus(t_));
    }
    const double x = std::exp(t_);
    return x == 0 ? 0 : -mean_ * (log1p_minus_x(x) / x + x / (1 + x));
  }

  /// Σ j/(j + r) over j < y = y - r·(ψ(y+r) - ψ(r)), y ≥ 1.
  double falling_share() const {
    if (r_ < 10) {
      return y_ - 1 - r_ * (digamma(y_ + r_) - digamma(1 + r_));
    }
    const double x = y_ / r_;
    if (x == 0) {
      return 0;
    }
    return -y_ * (log1p_minus_x(x) / x) - 0.5 * y_ / (y_ + r_) -
           r_ * (digamma_remainder(y_ + r_) - digamma_remainder(r_));
  }

  /// Σ j·r/(j + r)² over j < y, the derivative of falling_share() by log α.
  double falling_share_change() const {
    if (y_ == 0) {
      return 0;
    }
    if (r_ < 10) {
      return r_ * ((digamma(y_ + r_) - digamma(1 + r_)) - r_ * (trigamma(1 + r_) - trigamma(y_ + r_)));
    }
    const double x = y_ / r_;
    if (x == 0) {
      return 0;
    }
    const double leading = x > 1 ? r_ * (std::log1p(x) - x / (1 + x)) : y_ * (log1p_minus_x(x) / x + x / (1 + x));
    return leading - 0.5 * x / (1 + x) / (1 + x) + r_ * (digamma_remainder(y_ + r_) - digamma_remainder(r_)) +
           r_ * r_ * (trigamma_remainder(y_ + r_) - trigamma_remainder(r_));
  }

  double y_;
  double log_mean_;
  double log_dispersion_;
  double mean_;
  double r_;
  double t_;  ///< log αμ
};

struct NegativeBinomial {
  using Outputs = std::array<double, 2>;
  static constexpr std::array parameter_names{"mean", "dispersion"};
  static constexpr std::array figures{Figure::deviance, Figure::rmse, Figure::r2};
  static constexpr bool uses_exposure = true;

  Term<2> term(double y, const Outputs& z, double log_exposure) const {
    return NegativeBinomialTerm(y, z[0] + log_exposure, z[1]).term();
  }

  Curvature<2> curvature(double y, const Outputs& z, double log_exposure) const {
    return NegativeBinomialTerm(y, z[0] + log_exposure, z[1]).curvature();
  }

  Outputs parameters(const Outputs& z, double log_exposure) const {
    return {std::exp(z[0] + log_exposure), std::exp(z[1])};
  }

  /// The dispersion by the method of moments, within bounds.
  Outputs start(double mean, double variance, double log_rate) const {
    const double dispersion = mean > 0 ? (variance - mean) / (mean * mean) : 0;
    return {log_rate, std::log(std::min(std::max(dispersion, 0.01), 100.0))};
  }

  double quantile(double probability, const Outputs& z, double log_exposure) const {
    return negative_binomial_quantile(probability, std::exp(-z[1]), sigmoid(-(z[0] + log_exposure + z[1])));
  }

  double deviance(double y, const Outputs& z, double log_exposure) const {
    return 2 * NegativeBinomialTerm(y, z[0] + log_exposure, z[1]).half_deviance();
  }

  const char* fault(double y) const { return count_fault(y); }
};

}  // namespace

template <typename Real>
std::unique_ptr<Likelihood<Real>> make_negative_binomial(std::size_t columns) {
  return std::make_unique<Independent<Real, NegativeBinomial>>(columns);
}

template std::unique_ptr<Likelihood<float>> make_negative_binomial(std::size_t);
template std::unique_ptr<Likelihood<double>> make_negative_binomial(std::size_t);

}  // namespace cauchy::model

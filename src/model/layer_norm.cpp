// Layer normalisation: each sample's units are shifted and scaled to mean 0 and variance 1.

#include <algorithm>
#include <array>
#include <cmath>

#include "hidden_parts.hpp"
#include "rows.hpp"

namespace cauchy::model {
namespace {

using linear_algebra::MatrixView;
using linear_algebra::Write;

/// Σ term(i), in 16 interleaved partial sums, which are added in pairs: an order that depends on the length alone, and
/// runs as vectors.
template <typename Real, typename Term>
Real row_sum(std::size_t length, Term term) {
  constexpr std::size_t lanes = 16;
  std::array<Real, lanes> sums{};
  const std::size_t whole = length / lanes * lanes;
  for (std::size_t first = 0; first < whole; first += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      sums[lane] += term(first + lane);
    }
  }
  for (std::size_t i = whole; i < length; ++i) {
    sums[i - whole] += term(i);
  }
  for (std::size_t half = lanes / 2; half > 0; half /= 2) {
    for (std::size_t lane = 0; lane < half; ++lane) {
      sums[lane] += sums[lane + half];
    }
  }
  return sums[0];
}

/// Units of a sample, normalised: x̂ = (x - μ)·r.
template <typename Real>
struct Normalized {
  const Real* x;
  Real mean;    ///< μ
  Real factor;  ///< r

  Real operator[](std::size_t unit) const { return (x[unit] - mean) * factor; }
};

/// How they change where x does: r·(x' - m(x') - x̂·m(x̂·x')).
template <typename Real>
struct NormalizedTangent {
  Normalized<Real> normalized;
  const Real* x;
  Real mean;     ///< m(x')
  Real product;  ///< m(x̂·x')

  Real operator[](std::size_t unit) const { return normalized.factor * (x[unit] - mean - normalized[unit] * product); }
};

/// y = f(g·x̂ + b), x̂ = (x - μ)/√(σ² + ε), with mean μ and variance σ² over the n units of a sample, ε = 1e-5, gain g
/// and intercepts b: J. L. Ba, J. R. Kiros and G. E. Hinton, arXiv:1607.06450, equations 3 and 4. With d = ∂/∂(g·x̂ +
/// b),
///
///     ∂/∂b = Σ d,  ∂/∂g = Σ d·x̂,  ∂/∂x = (t - mean(t) - x̂·mean(t·x̂))/√(σ² + ε),  t = d·g.
///
/// Their tangents, where Θ and x change: with the mean m(·) over the units and r = 1/√(σ² + ε),
///
///     x̂' = r·(x' - m(x') - x̂·m(x̂·x')),  r' = -r²·m(x̂·x'),  (∂/∂g)' = Σ d'·x̂ + d·x̂',  t' = d'·g + d·g',
///     (∂/∂x)' = r'/r·∂/∂x + r·(t' - m(t') - x̂'·m(t·x̂) - x̂·m(t'·x̂ + t·x̂')).
///
/// Deviations are taken from the mean before they are squared, so that a large mean costs no digits.
template <typename Real>
class LayerNorm final : public Layer<Real> {
 public:
  LayerNorm(ParameterLayout& layout, const std::string& name, std::size_t width, Activation activation, bool intercept)
      : width_(width), activation_(activation), has_intercepts_(intercept) {
    gain_ = layout[layout.add(name, "gain", {width}, TensorKind::gain)];
    if (intercept) {
      intercepts_ = layout[layout.add(name, "intercepts", {width}, TensorKind::intercepts)];
    }
  }

  std::size_t inputs() const override { return width_; }
  std::size_t outputs() const override { return width_; }
  /// μ and 1/√(σ² + ε) of each sample, and the argument of f where its slope needs that.
  std::size_t kept_columns() const override { return 2 + (needs_input(activation_) ? width_ : 0); }

  void initialize(std::span<Real> theta, std::uint64_t /*seed*/) const override {
    std::ranges::fill(part(theta, gain_), Real{1});
    std::ranges::fill(part(theta, intercepts_), Real{0});
  }

  void forward(const Parameters<Real>& parameters, const LayerPass<Real>& pass,
               linear_algebra::Products<Real>& /*products*/) const override {
    const MatrixView<Real> moments = kept_moments(pass);
    const MatrixView<Real> kept_argument = this->kept_argument(pass);
    for_each_chunk(pass.output.rows, [&](std::size_t first, std::size_t count) {
      const MatrixView<Real> output = pass.output.middle_rows(first, count);
      for (std::size_t row = first; row < first + count; ++row) {
        normalize(parameters.theta, pass.input.row(row), moments.row(row), pass.output.row(row));
      }
      if (needs_input(activation_)) {
        std::ranges::copy(output.elements(), kept_argument.row(first));
      }
      activate(activation_, output.elements());
      round_rows<Real>(output, first, pass.rounded.output);
    });
  }

  void backward(const Parameters<Real>& parameters, const LayerPass<Real>& pass, const GradientBuffer<Real>& gradient,
                linear_algebra::Products<Real>& /*products*/) const override {
    const std::span<Real> d_gain = part(gradient.values, gain_);
    const std::span<Real> d_intercepts = part(gradient.values, intercepts_);
    if (gradient.write == Write::overwrite) {
      std::ranges::fill(d_gain, Real{0});
      std::ranges::fill(d_intercepts, Real{0});
    }
    RowSum<Real> sum(d_intercepts);
    const MatrixView<Real> moments = kept_moments(pass);
    const MatrixView<Real> kept_argument = this->kept_argument(pass);
    for_each_chunk(pass.d_output.rows, [&](std::size_t first, std::size_t count) {
      const MatrixView<Real> derivative = pass.d_output.middle_rows(first, count);
      multiply_by_slope<Real>(activation_, kept_argument.middle_rows(first, count).elements(),
                              pass.output.middle_rows(first, count).elements(), derivative.elements());
      if (has_intercepts_) {
        sum.add(derivative);
      }
      for (std::size_t row = first; row < first + count; ++row) {
        derive(parameters.theta, pass.input.row(row), moments.row(row), pass.d_output.row(row), d_gain.data(),
               pass.d_input.row(row));
      }
    });
    if (has_intercepts_) {
      sum.finish();
      hand_out(intercepts_, gradient);
    }
    hand_out(gain_, gradient);
  }

  bool has_tangents() const override { return true; }

  /// Keeps m(x') and m(x̂·x') of each sample, and the tangent of the argument of f where its slope needs that.
  void forward_tangent(const Parameters<Real>& parameters, const LayerPass<Real>& pass,
                       const Parameters<Real>& direction, const LayerPass<Real>& tangent,
                       linear_algebra::Products<Real>& /*products*/) const override {
    const MatrixView<Real> kept_argument = this->kept_argument(pass);
    const MatrixView<Real> kept_tangent = this->kept_argument(tangent);
    for_each_chunk(pass.output.rows, [&](std::size_t first, std::size_t count) {
      const MatrixView<Real> output = tangent.output.middle_rows(first, count);
      for (std::size_t row = first; row < first + count; ++row) {
        measure(pass, tangent, row);
        normalize_tangent(parameters.theta, direction.theta, normalized_tangent(pass, tangent, row),
                          tangent.output.row(row));
      }
      if (needs_input(activation_)) {
        std::ranges::copy(output.elements(), kept_tangent.row(first));
      }
      multiply_by_slope<Real>(activation_, kept_argument.middle_rows(first, count).elements(),
                              pass.output.middle_rows(first, count).elements(), output.elements());
      round_rows<Real>(output, first, tangent.rounded.output);
    });
  }

  void backward_tangent(const Parameters<Real>& parameters, const LayerPass<Real>& pass,
                        const Parameters<Real>& direction, const LayerPass<Real>& tangent,
                        const GradientBuffer<Real>& product,
                        linear_algebra::Products<Real>& /*products*/) const override {
    const std::span<Real> for_gain = part(product.values, gain_);
    const std::span<Real> for_intercepts = part(product.values, intercepts_);
    if (product.write == Write::overwrite) {
      std::ranges::fill(for_gain, Real{0});
      std::ranges::fill(for_intercepts, Real{0});
    }
    RowSum<Real> sum(for_intercepts);
    const MatrixView<Real> kept_argument = this->kept_argument(pass);
    const MatrixView<Real> kept_tangent = this->kept_argument(tangent);
    for_each_chunk(pass.d_output.rows, [&](std::size_t first, std::size_t count) {
      const Dual<Real> derivative = dual_rows(pass.d_output, tangent.d_output, first, count);
      multiply_by_slope<Real>(activation_, dual_rows<const Real>(kept_argument, kept_tangent, first, count),
                              dual_rows<const Real>(pass.output, tangent.output, first, count), derivative);
      if (has_intercepts_) {
        sum.add(tangent.d_output.middle_rows(first, count));
      }
      for (std::size_t row = first; row < first + count; ++row) {
        derive_tangent(parameters.theta, direction.theta, normalized_tangent(pass, tangent, row),
                       pass.d_output.row(row), tangent.d_output.row(row), for_gain.data(), pass.d_input.row(row),
                       tangent.d_input.row(row));
      }
    });
    if (has_intercepts_) {
      sum.finish();
      hand_out(intercepts_, product);
    }
    hand_out(gain_, product);
  }

 private:
  static constexpr double epsilon = 1e-5;

  // The argument stands first, on the border where the memory begins.
  MatrixView<Real> kept_argument(const LayerPass<Real>& pass) const {
    return {pass.kept.data, pass.kept.rows, needs_input(activation_) ? width_ : 0};
  }
  MatrixView<Real> kept_moments(const LayerPass<Real>& pass) const {
    return {pass.kept.data + kept_argument(pass).size(), pass.kept.rows, 2};
  }

  void normalize(std::span<const Real> theta, const Real* x, Real* moments, Real* y) const {
    const auto units = static_cast<Real>(width_);
    const Real mean = row_sum<Real>(width_, [x](std::size_t i) { return x[i]; }) / units;
    const Real variance =
        row_sum<Real>(width_, [x, mean](std::size_t i) { return (x[i] - mean) * (x[i] - mean); }) / units;
    const Real factor = 1 / std::sqrt(variance + static_cast<Real>(epsilon));
    moments[0] = mean;
    moments[1] = factor;
    const Real* const gain = part(theta, gain_).data();
    const Real* const intercepts = part(theta, intercepts_).data();
    for (std::size_t i = 0; i < width_; ++i) {
      y[i] = gain[i] * ((x[i] - mean) * factor);
    }
    for (std::size_t i = 0; i < width_ && has_intercepts_; ++i) {
      y[i] += intercepts[i];
    }
  }

  void derive(std::span<const Real> theta, const Real* x, const Real* moments, const Real* d, Real* d_gain,
              Real* d_input) const {
    const auto units = static_cast<Real>(width_);
    const Real mean = moments[0];
    const Real factor = moments[1];
    const Real* const gain = part(theta, gain_).data();
    for (std::size_t i = 0; i < width_; ++i) {
      d_gain[i] += d[i] * ((x[i] - mean) * factor);
    }
    const Real mean_t = row_sum<Real>(width_, [=](std::size_t i) { return d[i] * gain[i]; }) / units;
    const Real mean_tx =
        row_sum<Real>(width_, [=](std::size_t i) { return d[i] * gain[i] * ((x[i] - mean) * factor); }) / units;
    for (std::size_t i = 0; i < width_; ++i) {
      d_input[i] = factor * (d[i] * gain[i] - mean_t - (x[i] - mean) * factor * mean_tx);
    }
  }

  Normalized<Real> normalized(const LayerPass<Real>& pass, std::size_t row) const {
    const Real* const moments = kept_moments(pass).row(row);
    return {pass.input.row(row), moments[0], moments[1]};
  }

  NormalizedTangent<Real> normalized_tangent(const LayerPass<Real>& pass, const LayerPass<Real>& tangent,
                                             std::size_t row) const {
    const Real* const moments = kept_moments(tangent).row(row);
    return {normalized(pass, row), tangent.input.row(row), moments[0], moments[1]};
  }

  void measure(const LayerPass<Real>& pass, const LayerPass<Real>& tangent, std::size_t row) const {
    const auto units = static_cast<Real>(width_);
    const Normalized<Real> value = normalized(pass, row);
    const Real* const x = tangent.input.row(row);
    Real* const moments = kept_moments(tangent).row(row);
    moments[0] = row_sum<Real>(width_, [=](std::size_t i) { return x[i]; }) / units;
    moments[1] = row_sum<Real>(width_, [=](std::size_t i) { return value[i] * x[i]; }) / units;
  }

  /// g·x̂' + g'·x̂ + b'.
  void normalize_tangent(std::span<const Real> theta, std::span<const Real> direction,
                         const NormalizedTangent<Real>& tangent, Real* y) const {
    const Real* const gain = part(theta, gain_).data();
    const Real* const gain_tangent = part(direction, gain_).data();
    const Real* const intercepts = part(direction, intercepts_).data();
    for (std::size_t i = 0; i < width_; ++i) {
      y[i] = gain[i] * tangent[i] + gain_tangent[i] * tangent.normalized[i];
    }
    for (std::size_t i = 0; i < width_ && has_intercepts_; ++i) {
      y[i] += intercepts[i];
    }
  }

  void derive_tangent(std::span<const Real> theta, std::span<const Real> direction,
                      const NormalizedTangent<Real>& tangent, const Real* d, const Real* d_tangent, Real* for_gain,
                      Real* d_input, Real* d_input_tangent) const {
    const auto units = static_cast<Real>(width_);
    const Normalized<Real>& value = tangent.normalized;
    const Real* const gain = part(theta, gain_).data();
    const Real* const gain_tangent = part(direction, gain_).data();
    const auto t = [=](std::size_t i) { return d[i] * gain[i]; };
    const auto t_tangent = [=](std::size_t i) { return d_tangent[i] * gain[i] + d[i] * gain_tangent[i]; };
    const auto mean = [&](auto term) { return row_sum<Real>(width_, term) / units; };
    for (std::size_t i = 0; i < width_; ++i) {
      for_gain[i] += d_tangent[i] * value[i] + d[i] * tangent[i];
    }
    const Real mean_t = mean(t);
    const Real mean_tx = mean([&](std::size_t i) { return t(i) * value[i]; });
    const Real mean_change = mean(t_tangent);
    const Real mean_product_change = mean([&](std::size_t i) { return t_tangent(i) * value[i] + t(i) * tangent[i]; });
    const Real factor_change = -value.factor * tangent.product;  // r'/r
    for (std::size_t i = 0; i < width_; ++i) {
      d_input[i] = value.factor * (t(i) - mean_t - value[i] * mean_tx);
      d_input_tangent[i] =
          factor_change * d_input[i] +
          value.factor * (t_tangent(i) - mean_change - tangent[i] * mean_tx - value[i] * mean_product_change);
    }
  }

  std::size_t width_;
  Activation activation_;
  bool has_intercepts_;
  Tensor gain_;
  Tensor intercepts_;
};

}  // namespace

template <typename Real>
std::unique_ptr<Layer<Real>> hidden_layer_norm(const HiddenPlace& place) {
  if (!place.options.layer_norm) {
    return nullptr;
  }
  return std::make_unique<LayerNorm<Real>>(place.layout, place.name("norm"), place.inputs, place.activation(),
                                           place.options.intercept);
}

template std::unique_ptr<Layer<float>> hidden_layer_norm(const HiddenPlace&);
template std::unique_ptr<Layer<double>> hidden_layer_norm(const HiddenPlace&);

}  // namespace cauchy::model

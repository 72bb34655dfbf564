// The dense layer: y = f(x·W + b).

#include <algorithm>
#include <cmath>
#include <utility>

#include "cauchy/core/random.hpp"
#include "cauchy/model/layer.hpp"
#include "hidden_parts.hpp"
#include "rows.hpp"

namespace cauchy::model {
namespace {

using linear_algebra::Bf16;
using linear_algebra::Factor;
using linear_algebra::MatrixView;
using linear_algebra::Transposed;
using linear_algebra::Write;

template <typename Real>
class Dense final : public Layer<Real> {
 public:
  Dense(ParameterLayout& layout, std::string name, std::size_t inputs, std::size_t outputs, Activation activation,
        bool intercept)
      : inputs_(inputs), outputs_(outputs), activation_(activation), has_intercepts_(intercept) {
    weights_ = layout[layout.add(name, "weights", {inputs, outputs}, TensorKind::weights)];
    if (intercept) {
      intercepts_ = layout[layout.add(std::move(name), "intercepts", {outputs}, TensorKind::intercepts)];
    }
  }

  std::size_t inputs() const override { return inputs_; }
  std::size_t outputs() const override { return outputs_; }
  std::size_t kept_columns() const override { return needs_input(activation_) ? outputs_ : 0; }
  bool multiplies() const override { return true; }

  void initialize(std::span<Real> theta, std::uint64_t seed) const override {
    core::RandomStream random(seed, core::Purpose::initialization, static_cast<std::uint32_t>(weights_.index), 0);
    const double bound = initial_bound();
    for (Real& weight : part(theta, weights_)) {
      weight = static_cast<Real>(bound * (2 * random.uniform() - 1));
    }
    if (has_intercepts_) {
      std::ranges::fill(part(theta, intercepts_), Real{0});
    }
  }

  void forward(const Parameters<Real>& parameters, const LayerPass<Real>& pass,
               linear_algebra::Products<Real>& products) const override {
    const bool keeps_argument = needs_input(activation_);
    const MatrixView<Real> argument = keeps_argument ? pass.kept : pass.output;
    const bool is_sparse = pass.sparse_input.columns > 0;
    if (!is_sparse) {
      products.multiply({pass.input, pass.rounded.input}, Transposed::no, weights(parameters), Transposed::no,
                        argument);
    }
    const RowTerm<Real> intercepts(intercepts_in(parameters.theta));
    for_each_chunk(argument.rows, [&](std::size_t first, std::size_t count) {
      const MatrixView<Real> rows = argument.middle_rows(first, count);
      if (is_sparse) {
        linear_algebra::multiply<Real>(pass.sparse_input.middle_rows(first, count), weights(parameters.theta),
                                       intercepts_in(parameters.theta), rows);
      } else if (has_intercepts_) {
        intercepts.add_to(rows);
      }
      const MatrixView<Real> output = pass.output.middle_rows(first, count);
      if (keeps_argument) {
        std::ranges::copy(rows.elements(), output.data);
      }
      activate(activation_, output.elements());
      round_rows<Real>(output, first, pass.rounded.output);
    });
  }

  void backward(const Parameters<Real>& parameters, const LayerPass<Real>& pass, const GradientBuffer<Real>& gradient,
                linear_algebra::Products<Real>& products) const override {
    const Factor<Real> d_argument = through_activation(pass, gradient);
    if (pass.sparse_input.columns > 0) {
      add_sparse_gradient(pass.sparse_input, d_argument.matrix, gradient);
    } else {
      products.multiply({pass.input, pass.rounded.input}, Transposed::yes, d_argument, Transposed::no,
                        weights(gradient.values), gradient.write);
    }
    hand_out(weights_, gradient);
    if (pass.d_input.data != nullptr) {
      products.multiply(d_argument, Transposed::no, weights(parameters), Transposed::yes, pass.d_input,
                        pass.write_d_input);
    }
  }

  bool has_tangents() const override { return true; }

  /// ȧ = ẋ·W + x·V + c for the direction (V, c), and ẏ = f'(a)·ȧ.
  void forward_tangent(const Parameters<Real>& parameters, const LayerPass<Real>& pass,
                       const Parameters<Real>& direction, const LayerPass<Real>& tangent,
                       linear_algebra::Products<Real>& products) const override {
    const bool keeps_argument = needs_input(activation_);
    const MatrixView<Real> argument = keeps_argument ? tangent.kept : tangent.output;
    const bool is_sparse = pass.sparse_input.columns > 0;
    if (!is_sparse) {
      products.multiply({pass.input, pass.rounded.input}, Transposed::no, weights(direction), Transposed::no, argument);
    }
    if (tangent.input.data != nullptr) {
      products.multiply({tangent.input, tangent.rounded.input}, Transposed::no, weights(parameters), Transposed::no,
                        argument, Write::add);
    }
    const RowTerm<Real> intercepts(intercepts_in(direction.theta));
    for_each_chunk(argument.rows, [&](std::size_t first, std::size_t count) {
      const MatrixView<Real> rows = argument.middle_rows(first, count);
      if (is_sparse) {
        linear_algebra::multiply<Real>(pass.sparse_input.middle_rows(first, count), weights(direction.theta),
                                       intercepts_in(direction.theta), rows);
      } else if (has_intercepts_) {
        intercepts.add_to(rows);
      }
      const MatrixView<Real> output = tangent.output.middle_rows(first, count);
      if (keeps_argument) {
        std::ranges::copy(rows.elements(), output.data);
      }
      multiply_by_slope<Real>(activation_, pass.kept.middle_rows(first, count).elements(),
                              pass.output.middle_rows(first, count).elements(), output.elements());
      round_rows<Real>(output, first, tangent.rounded.output);
    });
  }

  /// With d and ḋ the derivative by a and its tangent: ẋᵀ·d + xᵀ·ḋ for W, Σ ḋ for b, ḋ·Wᵀ + d·Vᵀ for x.
  void backward_tangent(const Parameters<Real>& parameters, const LayerPass<Real>& pass,
                        const Parameters<Real>& direction, const LayerPass<Real>& tangent,
                        const GradientBuffer<Real>& product, linear_algebra::Products<Real>& products) const override {
    const Factor<Real> d_argument{pass.d_output, pass.rounded.derivative};
    const Factor<Real> d_tangent{tangent.d_output, tangent.rounded.derivative};
    tangent_through_activation(pass, tangent, product);
    if (pass.sparse_input.columns > 0) {
      add_sparse_gradient(pass.sparse_input, d_tangent.matrix, product);
    } else {
      products.multiply({pass.input, pass.rounded.input}, Transposed::yes, d_tangent, Transposed::no,
                        weights(product.values), product.write);
    }
    if (tangent.input.data != nullptr) {
      products.multiply({tangent.input, tangent.rounded.input}, Transposed::yes, d_argument, Transposed::no,
                        weights(product.values), Write::add);
    }
    hand_out(weights_, product);
    if (pass.d_input.data != nullptr) {
      products.multiply(d_argument, Transposed::no, weights(parameters), Transposed::yes, pass.d_input,
                        pass.write_d_input);
      products.multiply(d_tangent, Transposed::no, weights(parameters), Transposed::yes, tangent.d_input,
                        tangent.write_d_input);
      products.multiply(d_argument, Transposed::no, weights(direction), Transposed::yes, tangent.d_input, Write::add);
    }
  }

 private:
  /// Turns the derivative by the output into that by the argument of f, whose sum over samples is the intercepts' own.
  Factor<Real> through_activation(const LayerPass<Real>& pass, const GradientBuffer<Real>& gradient) const {
    const std::span<Real> d_intercepts = intercepts_in(gradient.values);
    if (gradient.write == Write::overwrite) {
      std::ranges::fill(d_intercepts, Real{0});
    }
    RowSum<Real> sum(d_intercepts);
    const MatrixView<Real> derivative = pass.d_output;
    for_each_chunk(derivative.rows, [&](std::size_t first, std::size_t count) {
      const MatrixView<Real> rows = derivative.middle_rows(first, count);
      multiply_by_slope<Real>(activation_, pass.kept.middle_rows(first, count).elements(),
                              pass.output.middle_rows(first, count).elements(), rows.elements());
      if (has_intercepts_) {
        sum.add(rows);
      }
      round_rows<Real>(rows, first, pass.rounded.derivative);
    });
    if (has_intercepts_) {
      sum.finish();
      hand_out(intercepts_, gradient);
    }
    return {derivative, pass.rounded.derivative};
  }

  /// The same for both derivatives: the tangent of f'(a)·d is f'(a)·ḋ + f''(a)·ȧ·d.
  void tangent_through_activation(const LayerPass<Real>& pass, const LayerPass<Real>& tangent,
                                  const GradientBuffer<Real>& product) const {
    const std::span<Real> for_intercepts = intercepts_in(product.values);
    if (product.write == Write::overwrite) {
      std::ranges::fill(for_intercepts, Real{0});
    }
    RowSum<Real> sum(for_intercepts);
    for_each_chunk(pass.d_output.rows, [&](std::size_t first, std::size_t count) {
      const MatrixView<Real> derivative = pass.d_output.middle_rows(first, count);
      const MatrixView<Real> change = tangent.d_output.middle_rows(first, count);
      multiply_by_slope<Real>(activation_, dual_rows<const Real>(pass.kept, tangent.kept, first, count),
                              dual_rows<const Real>(pass.output, tangent.output, first, count),
                              {derivative.elements(), change.elements()});
      if (has_intercepts_) {
        sum.add(change);
      }
      round_rows<Real>(derivative, first, pass.rounded.derivative);
      round_rows<Real>(change, first, tangent.rounded.derivative);
    });
    if (has_intercepts_) {
      sum.finish();
      hand_out(intercepts_, product);
    }
  }

  void add_sparse_gradient(linear_algebra::SparseView<Real> input, MatrixView<const Real> d_argument,
                           const GradientBuffer<Real>& gradient) const {
    if (gradient.write == Write::overwrite) {
      std::ranges::fill(part(gradient.values, weights_), Real{0});
    }
    linear_algebra::add_transposed_product(input, d_argument, weights(gradient.values));
  }

  /// Empty if there are none.
  template <typename T>
  std::span<T> intercepts_in(std::span<T> vector) const {
    return part(vector, intercepts_);
  }

  template <typename T>
  MatrixView<T> weights(std::span<T> vector) const {
    return {part(vector, weights_).data(), inputs_, outputs_};
  }

  Factor<Real> weights(const Parameters<Real>& parameters) const {
    const Bf16* const rounded = parameters.rounded;
    return {weights(parameters.theta), rounded != nullptr ? rounded + weights_.offset : nullptr};
  }

  /// Numbers uniform in [-a, a) have the variance a²/3.
  double initial_bound() const {
    const auto fan_in = static_cast<double>(inputs_);
    const auto fan_out = static_cast<double>(outputs_);
    return std::sqrt(6 / (halves_variance(activation_) ? fan_in : fan_in + fan_out));
  }

  std::size_t inputs_;
  std::size_t outputs_;
  Activation activation_;
  bool has_intercepts_;
  Tensor weights_;
  Tensor intercepts_;
};

}  // namespace

/// With layer normalisation behind it, which has intercepts and the activation, it is the bare product.
template <typename Real>
std::unique_ptr<Layer<Real>> hidden_dense(const HiddenPlace& place) {
  const ModelOptions& options = place.options;
  const bool bare = options.layer_norm;
  return std::make_unique<Dense<Real>>(place.layout, place.name("dense"), place.inputs, place.width(),
                                       bare ? Activation::identity : place.activation(), options.intercept && !bare);
}

template <typename Real>
std::unique_ptr<Layer<Real>> make_dense(ParameterLayout& layout, std::string name, std::size_t inputs,
                                        std::size_t outputs, Activation activation, bool intercept) {
  return std::make_unique<Dense<Real>>(layout, std::move(name), inputs, outputs, activation, intercept);
}

template std::unique_ptr<Layer<float>> make_dense(ParameterLayout&, std::string, std::size_t, std::size_t, Activation,
                                                  bool);
template std::unique_ptr<Layer<double>> make_dense(ParameterLayout&, std::string, std::size_t, std::size_t, Activation,
                                                   bool);

template std::unique_ptr<Layer<float>> hidden_dense(const HiddenPlace&);
template std::unique_ptr<Layer<double>> hidden_dense(const HiddenPlace&);

}  // namespace cauchy::model

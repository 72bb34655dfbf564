// The dense layer: y = f(x·W + b).

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "cauchy/core/random.hpp"
#include "cauchy/model/layer.hpp"

namespace cauchy::model {
namespace {

using linear_algebra::Bf16;
using linear_algebra::Factor;
using linear_algebra::MatrixView;
using linear_algebra::Transposed;
using linear_algebra::Write;

// Rows that are worked on while they are in the cache.
constexpr std::size_t chunk_rows = 16;

template <typename Real>
void add_to_rows(std::span<const Real> intercepts, MatrixView<Real> matrix) {
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    Real* const row = matrix.row(i);
    for (std::size_t j = 0; j < intercepts.size(); ++j) {
      row[j] += intercepts[j];
    }
  }
}

/// sums += the rows of the matrix, one after the other.
template <typename Real>
void add_rows(MatrixView<const Real> matrix, std::span<Real> sums) {
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    const Real* const row = matrix.row(i);
    for (std::size_t j = 0; j < sums.size(); ++j) {
      sums[j] += row[j];
    }
  }
}

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
    products.multiply({pass.input, pass.rounded.input}, Transposed::no, weights(parameters), Transposed::no, argument);
    for (std::size_t first = 0; first < argument.rows; first += chunk_rows) {
      const std::size_t count = std::min(chunk_rows, argument.rows - first);
      const MatrixView<Real> rows = argument.middle_rows(first, count);
      if (has_intercepts_) {
        add_to_rows(part(parameters.theta, intercepts_), rows);
      }
      const MatrixView<Real> output = pass.output.middle_rows(first, count);
      if (keeps_argument) {
        std::ranges::copy(rows.elements(), output.data);
      }
      activate(activation_, output.elements());
      round(output, first, pass.rounded.output);
    }
  }

  void backward(const Parameters<Real>& parameters, const LayerPass<Real>& pass, const GradientBuffer<Real>& gradient,
                linear_algebra::Products<Real>& products) const override {
    const Factor<Real> d_argument = through_activation(pass, gradient);
    products.multiply({pass.input, pass.rounded.input}, Transposed::yes, d_argument, Transposed::no,
                      weights(gradient.values), gradient.write);
    hand_out(weights_, gradient);
    if (pass.d_input.data != nullptr) {
      products.multiply(d_argument, Transposed::no, weights(parameters), Transposed::yes, pass.d_input);
    }
  }

 private:
  /// Turns the derivative by the output into that by the argument of f, whose sum over samples is the intercepts' own.
  Factor<Real> through_activation(const LayerPass<Real>& pass, const GradientBuffer<Real>& gradient) const {
    if (has_intercepts_ && gradient.write == Write::overwrite) {
      std::ranges::fill(part(gradient.values, intercepts_), Real{0});
    }
    const MatrixView<Real> derivative = pass.d_output;
    for (std::size_t first = 0; first < derivative.rows; first += chunk_rows) {
      const std::size_t count = std::min(chunk_rows, derivative.rows - first);
      const MatrixView<Real> rows = derivative.middle_rows(first, count);
      multiply_by_slope<Real>(activation_, pass.kept.middle_rows(first, count).elements(),
                              pass.output.middle_rows(first, count).elements(), rows.elements());
      if (has_intercepts_) {
        add_rows<Real>(rows, part(gradient.values, intercepts_));
      }
      round(rows, first, pass.rounded.derivative);
    }
    if (has_intercepts_) {
      hand_out(intercepts_, gradient);
    }
    return {derivative, pass.rounded.derivative};
  }

  /// Into row `first` and the following ones, if somebody wants it.
  static void round(MatrixView<const Real> rows, std::size_t first, Bf16* rounded) {
    if constexpr (std::is_same_v<Real, float>) {
      if (rounded != nullptr) {
        linear_algebra::round_to_bf16(rows.elements(), {rounded + first * rows.columns, rows.size()});
      }
    }
  }

  template <typename T>
  static std::span<T> part(std::span<T> vector, const Tensor& tensor) {
    return vector.subspan(tensor.offset, tensor.size);
  }

  template <typename T>
  MatrixView<T> weights(std::span<T> vector) const {
    return {part(vector, weights_).data(), inputs_, outputs_};
  }

  Factor<Real> weights(const Parameters<Real>& parameters) const {
    const Bf16* const rounded = parameters.rounded;
    return {weights(parameters.theta), rounded != nullptr ? rounded + weights_.offset : nullptr};
  }

  static void hand_out(const Tensor& tensor, const GradientBuffer<Real>& gradient) {
    if (gradient.sink != nullptr) {
      gradient.sink->complete(tensor, part(gradient.values, tensor));
    }
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

template <typename Real>
std::unique_ptr<Layer<Real>> make_dense(ParameterLayout& layout, std::string name, std::size_t inputs,
                                        std::size_t outputs, Activation activation, bool intercept) {
  return std::make_unique<Dense<Real>>(layout, std::move(name), inputs, outputs, activation, intercept);
}

template std::unique_ptr<Layer<float>> make_dense(ParameterLayout&, std::string, std::size_t, std::size_t, Activation,
                                                  bool);
template std::unique_ptr<Layer<double>> make_dense(ParameterLayout&, std::string, std::size_t, std::size_t, Activation,
                                                   bool);

}  // namespace cauchy::model

// The dense layer: y = f(x·W + b).

#include <algorithm>
#include <array>
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

// Below, loops over a row are too short for vector instructions, and go over all rows of a chunk at once.
constexpr std::size_t narrow_columns = 64;

template <typename Real>
using NarrowChunk = std::array<Real, chunk_rows * narrow_columns>;

template <typename Real>
void add_elements(std::span<const Real> terms, std::span<Real> sums) {
  for (std::size_t i = 0; i < terms.size(); ++i) {
    sums[i] += terms[i];
  }
}

/// Adds the same to every row of chunks.
template <typename Real>
class RowTerm {
 public:
  explicit RowTerm(std::span<const Real> term) : term_(term) {
    for (std::size_t i = 0; i < chunk_rows && is_narrow(); ++i) {
      std::ranges::copy(term, repeated_.data() + i * term.size());
    }
  }

  void add_to(MatrixView<Real> chunk) const {
    if (is_narrow()) {
      return add_elements(std::span<const Real>(repeated_).first(chunk.size()), chunk.elements());
    }
    for (std::size_t i = 0; i < chunk.rows; ++i) {
      add_elements(term_, {chunk.row(i), chunk.columns});
    }
  }

 private:
  bool is_narrow() const { return term_.size() < narrow_columns; }

  std::span<const Real> term_;
  NarrowChunk<Real> repeated_;  ///< the term again and again, if it is narrow
};

/// Adds the rows of chunks to a sum: one after the other, or if they are narrow, in chunk_rows partial sums.
template <typename Real>
class RowSum {
 public:
  explicit RowSum(std::span<Real> sum) : sum_(sum) {
    if (is_narrow()) {
      std::fill_n(partial_.begin(), chunk_rows * sum.size(), Real{0});
    }
  }

  void add(MatrixView<const Real> chunk) {
    if (is_narrow()) {
      return add_elements<Real>(chunk.elements(), std::span(partial_).first(chunk.size()));
    }
    for (std::size_t i = 0; i < chunk.rows; ++i) {
      add_elements<Real>({chunk.row(i), chunk.columns}, sum_);
    }
  }

  /// After the last chunk.
  void finish() {
    for (std::size_t i = 0; i < chunk_rows && is_narrow(); ++i) {
      add_elements<Real>(std::span(partial_).subspan(i * sum_.size(), sum_.size()), sum_);
    }
  }

 private:
  bool is_narrow() const { return sum_.size() < narrow_columns; }

  std::span<Real> sum_;
  NarrowChunk<Real> partial_;  ///< sums, if it is narrow
};

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
    const bool is_sparse = pass.sparse_input.columns > 0;
    if (!is_sparse) {
      products.multiply({pass.input, pass.rounded.input}, Transposed::no, weights(parameters), Transposed::no,
                        argument);
    }
    const RowTerm<Real> intercepts(intercepts_in(parameters.theta));
    for (std::size_t first = 0; first < argument.rows; first += chunk_rows) {
      const std::size_t count = std::min(chunk_rows, argument.rows - first);
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
      round(output, first, pass.rounded.output);
    }
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
      products.multiply(d_argument, Transposed::no, weights(parameters), Transposed::yes, pass.d_input);
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
    for (std::size_t first = 0; first < derivative.rows; first += chunk_rows) {
      const std::size_t count = std::min(chunk_rows, derivative.rows - first);
      const MatrixView<Real> rows = derivative.middle_rows(first, count);
      multiply_by_slope<Real>(activation_, pass.kept.middle_rows(first, count).elements(),
                              pass.output.middle_rows(first, count).elements(), rows.elements());
      if (has_intercepts_) {
        sum.add(rows);
      }
      round(rows, first, pass.rounded.derivative);
    }
    if (has_intercepts_) {
      sum.finish();
      hand_out(intercepts_, gradient);
    }
    return {derivative, pass.rounded.derivative};
  }

  void add_sparse_gradient(linear_algebra::SparseView<Real> input, MatrixView<const Real> d_argument,
                           const GradientBuffer<Real>& gradient) const {
    if (gradient.write == Write::overwrite) {
      std::ranges::fill(part(gradient.values, weights_), Real{0});
    }
    linear_algebra::add_transposed_product(input, d_argument, weights(gradient.values));
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

#pragma once
/// The network as the formulas have it: loops over samples and units in long double, slow and obvious. The oracle for
/// cauchy::model::Network, with which it shares nothing but the order of the parameters.

#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <numbers>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace cauchy::test {

using Vector = std::vector<long double>;
using Matrix = std::vector<Vector>;

inline double rounded(long double value) {
  return static_cast<double>(value);
}

/// f(x) of the activation of that name.
inline long double reference_activation(const std::string& name, long double x) {
  if (name == "relu") return x > 0 ? x : 0;
  if (name == "tanh") return std::tanh(x);
  if (name == "sigmoid") return 1 / (1 + std::exp(-x));
  if (name == "softplus") return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
  if (name == "gelu") return x / 2 * std::erfc(-x / std::numbers::sqrt2_v<long double>);
  return x;
}

/// f'(x).
inline long double reference_slope(const std::string& name, long double x) {
  if (name == "relu") return x > 0 ? 1 : 0;
  if (name == "tanh") return 1 / (std::cosh(x) * std::cosh(x));
  if (name == "sigmoid") return 1 / ((1 + std::exp(-x)) * (1 + std::exp(x)));
  if (name == "softplus") return 1 / (1 + std::exp(-x));
  if (name == "gelu") {
    const long double distribution = std::erfc(-x / std::numbers::sqrt2_v<long double>) / 2;
    return distribution + x * std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi_v<long double>);
  }
  return 1;
}

/// -log p(target | outputs): categorical with one target, the class; gaussian with one an output.
inline long double reference_nll(const std::string& likelihood, const Vector& outputs, const Vector& targets) {
  if (likelihood == "categorical") {
    const long double own = outputs[static_cast<std::size_t>(targets[0])];
    long double sum = 0;
    for (const long double output : outputs) sum += std::exp(output - own);
    return std::log(sum);
  }
  long double sum = 0;
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const long double error = targets[k] - outputs[k];
    sum += error * error / 2 + std::log(2 * std::numbers::pi_v<long double>) / 2;
  }
  return sum;
}

/// Its derivative by the outputs.
inline Vector reference_nll_derivative(const std::string& likelihood, const Vector& outputs, const Vector& targets) {
  Vector derivative(outputs.size());
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    if (likelihood == "categorical") {
      long double inverse = 0;
      for (const long double output : outputs) inverse += std::exp(output - outputs[k]);
      derivative[k] = 1 / inverse - (k == static_cast<std::size_t>(targets[0]) ? 1 : 0);
    } else {
      derivative[k] = outputs[k] - targets[k];
    }
  }
  return derivative;
}

struct ReferenceNetwork {
  std::vector<std::size_t> widths;      ///< numbers that go into the first layer, hidden layers, outputs
  std::vector<std::string> activation;  ///< one, or one a hidden layer
  std::string likelihood;
  bool intercept = true;
  bool layer_norm = false;
  bool residual = false;
  /// Factor of a unit: 0 or 1/(1 - p). By sample, hidden layer from 1 on, unit.
  std::function<long double(std::size_t, std::size_t, std::size_t)> mask = [](auto...) { return 1.0L; };

  std::size_t embedding = 0;  ///< numbers for a token; 0: features are numbers
  std::vector<std::size_t> vocabulary = {};

  struct Result {
    long double nll = 0;
    Vector gradient;  ///< in the order of theta, padding included
  };

  /// Σ over the samples of the NLL, and its gradient, by the chain rule.
  Result value_and_gradient(const Vector& theta, const Matrix& features, const Matrix& targets) const {
    Result result{0, Vector(places(layers()).weights, 0)};
    for (std::size_t sample = 0; sample < features.size(); ++sample) {
      add_sample(theta, sample, features[sample], targets[sample], result);
    }
    return result;
  }

 private:
  /// Where the tensors of a layer start: one after the other, each from the next multiple of 16.
  struct Places {
    std::size_t weights = 0;
    std::size_t gain = 0;
    std::size_t intercepts = 0;
  };

  /// What a layer computes on its way from x to y.
  struct Trace {
    Vector x;
    Vector normed;  ///< x·W shifted and scaled, with layer normalisation
    long double factor = 1;
    Vector argument;  ///< of the activation
    Vector y;
  };

  std::size_t layers() const { return widths.size() - 1; }
  bool is_hidden(std::size_t layer) const { return layer + 1 < layers(); }
  bool has_norm(std::size_t layer) const { return layer_norm && is_hidden(layer); }
  bool has_shortcut(std::size_t layer) const {
    return residual && is_hidden(layer) && (layer > 0 || embedding > 0) && widths[layer] == widths[layer + 1];
  }
  std::string activation_of(std::size_t layer) const {
    if (!is_hidden(layer)) return "identity";
    return activation.size() == 1 ? activation[0] : activation[layer];
  }
  long double factor_of(std::size_t sample, std::size_t layer, std::size_t unit) const {
    return is_hidden(layer) ? mask(sample, layer + 1, unit) : 1;
  }

  static std::size_t up(std::size_t place) { return (place + 15) / 16 * 16; }

  Places places(std::size_t layer) const {
    Places result;
    result.weights = tables_end();
    for (std::size_t l = 0;; ++l) {
      if (l == layers()) return result;
      result.gain = up(result.weights + widths[l] * widths[l + 1]);
      result.intercepts = up(result.gain + (has_norm(l) ? widths[l + 1] : 0));
      if (l == layer) return result;
      result.weights = up(result.intercepts + (intercept ? widths[l + 1] : 0));
    }
  }

  std::size_t vocabulary_of(std::size_t input) const {
    if (embedding == 0) return 0;
    return vocabulary.size() == 1 ? vocabulary[0] : vocabulary[input];
  }

  /// Where the vector of a token starts.
  std::size_t vector_at(std::size_t input, long double token) const {
    std::size_t table = 0;
    for (std::size_t i = 0; i < input && vocabulary.size() > 1; ++i) table += up(vocabulary[i] * embedding);
    return table + static_cast<std::size_t>(token) * embedding;
  }

  std::size_t tables_end() const {
    std::size_t end = 0;
    for (const std::size_t size : vocabulary) end += up(size * embedding);
    return end;
  }

  Vector embedded(const Vector& theta, const Vector& features) const {
    Vector x;
    for (std::size_t i = 0; i < features.size(); ++i) {
      if (vocabulary_of(i) == 0) x.push_back(features[i]);
      for (std::size_t e = 0; e < embedding && vocabulary_of(i) > 0; ++e) {
        x.push_back(theta[vector_at(i, features[i]) + e]);
      }
    }
    return x;
  }

  void add_to_tables(const Vector& features, const Vector& d_x, Vector& gradient) const {
    std::size_t place = 0;
    for (std::size_t i = 0; i < features.size(); ++i) {
      if (vocabulary_of(i) == 0) ++place;
      for (std::size_t e = 0; e < embedding && vocabulary_of(i) > 0; ++e) {
        gradient[vector_at(i, features[i]) + e] += d_x[place++];
      }
    }
  }

  Trace forward(const Vector& theta, std::size_t sample, std::size_t l, const Vector& x) const {
    const auto [weights, gain, intercepts] = places(l);
    const std::size_t width = widths[l + 1];
    Trace trace{x, Vector(width, 0), 1, Vector(width), Vector(width)};
    for (std::size_t j = 0; j < width; ++j) {
      for (std::size_t i = 0; i < widths[l]; ++i) trace.normed[j] += x[i] * theta[weights + i * width + j];
    }
    if (has_norm(l)) {
      const auto n = static_cast<long double>(width);
      const long double mean = std::accumulate(trace.normed.begin(), trace.normed.end(), 0.0L) / n;
      long double variance = 0;
      for (const long double value : trace.normed) variance += (value - mean) * (value - mean) / n;
      trace.factor = 1 / std::sqrt(variance + 1e-5L);
      for (long double& value : trace.normed) value = (value - mean) * trace.factor;
    }
    for (std::size_t j = 0; j < width; ++j) {
      trace.argument[j] = (has_norm(l) ? theta[gain + j] : 1) * trace.normed[j];
      if (intercept) trace.argument[j] += theta[intercepts + j];
      trace.y[j] = reference_activation(activation_of(l), trace.argument[j]) * factor_of(sample, l, j);
      if (has_shortcut(l)) trace.y[j] += x[j];
    }
    return trace;
  }

  /// From the derivative by y to that by x.
  Vector backward(const Vector& theta, std::size_t sample, std::size_t l, const Trace& trace, const Vector& d_y,
                  Vector& gradient) const {
    const auto [weights, gain, intercepts] = places(l);
    const std::size_t width = widths[l + 1];
    Vector d_sum(width);  // by x·W
    for (std::size_t j = 0; j < width; ++j) {
      const long double d_argument =
          d_y[j] * factor_of(sample, l, j) * reference_slope(activation_of(l), trace.argument[j]);
      if (intercept) gradient[intercepts + j] += d_argument;
      if (has_norm(l)) gradient[gain + j] += d_argument * trace.normed[j];
      d_sum[j] = d_argument * (has_norm(l) ? theta[gain + j] : 1);
    }
    if (has_norm(l)) {
      // ∂normed_k/∂sum_j = factor·(δ_jk - 1/n - normed_j·normed_k/n).
      const Vector d_normed = d_sum;
      for (std::size_t j = 0; j < width; ++j) {
        d_sum[j] = 0;
        for (std::size_t k = 0; k < width; ++k) {
          const long double own = j == k ? 1 : 0;
          d_sum[j] += d_normed[k] * trace.factor *
                      (own - (1 + trace.normed[j] * trace.normed[k]) / static_cast<long double>(width));
        }
      }
    }
    Vector d_x = has_shortcut(l) ? d_y : Vector(widths[l], 0);
    for (std::size_t j = 0; j < width; ++j) {
      for (std::size_t i = 0; i < widths[l]; ++i) {
        gradient[weights + i * width + j] += trace.x[i] * d_sum[j];
        d_x[i] += theta[weights + i * width + j] * d_sum[j];
      }
    }
    return d_x;
  }

  void add_sample(const Vector& theta, std::size_t sample, const Vector& features, const Vector& targets,
                  Result& result) const {
    std::vector<Trace> traces;
    for (std::size_t l = 0; l < layers(); ++l) {
      traces.push_back(forward(theta, sample, l, l == 0 ? embedded(theta, features) : traces.back().y));
    }
    result.nll += reference_nll(likelihood, traces.back().y, targets);
    Vector d_y = reference_nll_derivative(likelihood, traces.back().y, targets);
    for (std::size_t l = layers(); l-- > 0;) {
      d_y = backward(theta, sample, l, traces[l], d_y, result.gradient);
    }
    add_to_tables(features, d_y, result.gradient);
  }
};

}  // namespace cauchy::test

#pragma once
/// The network as the formulas have it: loops over samples and units in long double, slow and obvious. The oracle for
/// cauchy::model::Network, with which it shares nothing but the order of the parameters.

#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
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
  std::vector<std::size_t> widths;  ///< inputs, hidden layers, outputs
  std::string activation;
  std::string likelihood;
  bool intercept = true;

  struct Result {
    long double nll = 0;
    Vector gradient;  ///< in the order of theta, padding included
  };

  std::size_t layers() const { return widths.size() - 1; }
  std::string activation_of(std::size_t layer) const { return layer + 1 == layers() ? "identity" : activation; }

  /// Where W and b of a layer stand: one after the other, each from the next multiple of 16.
  std::size_t weights_at(std::size_t layer) const {
    std::size_t place = 0;
    for (std::size_t l = 0; l < layer; ++l) place = up(up(place + widths[l] * widths[l + 1]) + intercepts_in(l));
    return place;
  }
  std::size_t intercepts_at(std::size_t layer) const {
    return up(weights_at(layer) + widths[layer] * widths[layer + 1]);
  }
  std::size_t size() const { return weights_at(layers()); }

  /// Σ over the samples of the NLL, and its gradient, by the chain rule.
  Result value_and_gradient(const Vector& theta, const Matrix& features, const Matrix& targets) const {
    Result result{0, Vector(size(), 0)};
    for (std::size_t sample = 0; sample < features.size(); ++sample) {
      add_sample(theta, features[sample], targets[sample], result);
    }
    return result;
  }

 private:
  static std::size_t up(std::size_t place) { return (place + 15) / 16 * 16; }
  std::size_t intercepts_in(std::size_t layer) const { return intercept ? widths[layer + 1] : 0; }

  void add_sample(const Vector& theta, const Vector& features, const Vector& targets, Result& result) const {
    Matrix values{features};  // values[l] goes into layer l
    Matrix arguments;         // arguments[l] goes into its activation
    for (std::size_t l = 0; l < layers(); ++l) {
      Vector argument(widths[l + 1]);
      Vector value(widths[l + 1]);
      for (std::size_t j = 0; j < widths[l + 1]; ++j) {
        argument[j] = intercept ? theta[intercepts_at(l) + j] : 0;
        for (std::size_t i = 0; i < widths[l]; ++i) {
          argument[j] += values[l][i] * theta[weights_at(l) + i * widths[l + 1] + j];
        }
        value[j] = reference_activation(activation_of(l), argument[j]);
      }
      arguments.push_back(argument);
      values.push_back(value);
    }
    result.nll += reference_nll(likelihood, values.back(), targets);

    Vector d_value = reference_nll_derivative(likelihood, values.back(), targets);
    for (std::size_t l = layers(); l-- > 0;) {
      Vector d_input(widths[l], 0);
      for (std::size_t j = 0; j < widths[l + 1]; ++j) {
        const long double d_argument = d_value[j] * reference_slope(activation_of(l), arguments[l][j]);
        if (intercept) result.gradient[intercepts_at(l) + j] += d_argument;
        for (std::size_t i = 0; i < widths[l]; ++i) {
          const std::size_t place = weights_at(l) + i * widths[l + 1] + j;
          result.gradient[place] += values[l][i] * d_argument;
          d_input[i] += theta[place] * d_argument;
        }
      }
      d_value = d_input;
    }
  }
};

}  // namespace cauchy::test

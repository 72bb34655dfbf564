// Activations and their slopes, stable over the whole range of the type.

#include "cauchy/model/activation.hpp"

#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "blockwise.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/elementwise.hpp"

namespace cauchy::model {
namespace {

template <typename Real>
std::span<const Real> read_only(std::span<Real> values) {
  return values;
}

/// Memory beside a block for a second term.
template <typename Real>
struct Scratch {
  alignas(linear_algebra::alignment_bytes) std::array<Real, block_elements> values;

  std::span<Real> first(std::size_t count) { return std::span<Real>(values).first(count); }
};

template <typename Real>
void relu(std::span<Real> values) {
  for (Real& value : values) {
    value = value < 0 ? Real{0} : value;  // in this form NaN passes
  }
}

template <typename Real>
void tanh(std::span<Real> block) {
  linear_algebra::tanh(read_only(block), block);
}

template <typename Real>
void sigmoid(std::span<Real> block) {
  for (Real& value : block) {
    value = -value;
  }
  linear_algebra::exp(read_only(block), block);
  for (Real& value : block) {
    value = 1 / (1 + value);  // an infinite exponential gives the right limit
  }
}

/// max(x, 0) + log(1 + e^-|x|): the exponential cannot overflow.
template <typename Real>
void softplus(std::span<Real> block) {
  Scratch<Real> scratch;
  const std::span<Real> term = scratch.first(block.size());
  for (std::size_t i = 0; i < block.size(); ++i) {
    term[i] = -std::abs(block[i]);
  }
  linear_algebra::exp(read_only(term), term);
  linear_algebra::log1p(read_only(term), term);
  for (std::size_t i = 0; i < block.size(); ++i) {
    block[i] = (block[i] < 0 ? Real{0} : block[i]) + term[i];
  }
}

/// From y = softplus(x): 1 - e^-y = 2t/(1 + t) with t = tanh(y/2), which keeps its digits where y is small.
template <typename Real>
void softplus_slope(std::span<Real> block) {
  for (Real& value : block) {
    value /= 2;
  }
  linear_algebra::tanh(read_only(block), block);
  for (Real& value : block) {
    value = 2 * value / (1 + value);
  }
}

/// Φ(x) = (1 + erf(x/√2))/2.
template <typename Real>
void normal_distribution(std::span<const Real> block, std::span<Real> result) {
  for (std::size_t i = 0; i < block.size(); ++i) {
    result[i] = block[i] * (std::numbers::sqrt2_v<Real> / 2);
  }
  linear_algebra::erf(read_only(result), result);
  for (Real& value : result) {
    value = (1 + value) / 2;
  }
}

template <typename Real>
void gelu(std::span<Real> block) {
  Scratch<Real> scratch;
  const std::span<Real> distribution = scratch.first(block.size());
  normal_distribution(read_only(block), distribution);
  for (std::size_t i = 0; i < block.size(); ++i) {
    block[i] *= distribution[i];
  }
}

/// φ(x) = e^(-x²/2)/√(2π), and bounds x to where φ does not vanish.
template <typename Real>
void normal_density(std::span<Real> block, std::span<Real> result) {
  // Beyond, φ vanishes in either precision, while x² may overflow and a vectorised exponential need not reach 0.
  constexpr Real far = 40;
  constexpr Real density_at_0 = std::numbers::inv_sqrtpi_v<Real> / std::numbers::sqrt2_v<Real>;
  for (Real& value : block) {
    const Real bounded_below = value < -far ? -far : value;
    value = bounded_below > far ? far : bounded_below;
  }
  for (std::size_t i = 0; i < block.size(); ++i) {
    result[i] = -block[i] * block[i] / 2;
  }
  linear_algebra::exp(read_only(result), result);
  for (Real& value : result) {
    value *= density_at_0;
  }
}

/// Φ(x) + x·φ(x).
template <typename Real>
void gelu_slope(std::span<Real> block) {
  Scratch<Real> first_scratch;
  Scratch<Real> second_scratch;
  const std::span<Real> distribution = first_scratch.first(block.size());
  const std::span<Real> density = second_scratch.first(block.size());
  normal_distribution(read_only(block), distribution);
  normal_density(block, density);
  for (std::size_t i = 0; i < block.size(); ++i) {
    block[i] = distribution[i] + block[i] * density[i];
  }
}

/// Its derivative, φ(x)·(2 - x²).
template <typename Real>
void gelu_bend(std::span<Real> block) {
  Scratch<Real> scratch;
  const std::span<Real> density = scratch.first(block.size());
  normal_density(block, density);
  for (std::size_t i = 0; i < block.size(); ++i) {
    block[i] = density[i] * (2 - block[i] * block[i]);
  }
}

// From y = f(x), the change of log f'(x) with x: f''/f'.

template <typename Real>
void tanh_bend(std::span<Real> block) {
  for (Real& value : block) {
    value *= -2;
  }
}

template <typename Real>
void sigmoid_bend(std::span<Real> block) {
  for (Real& value : block) {
    value = 1 - 2 * value;
  }
}

template <typename Real>
void softplus_bend(std::span<Real> block) {
  for (Real& value : block) {
    value = -value;
  }
  linear_algebra::exp(read_only(block), block);
}

/// derivative.tangent += bend(argument)·(its tangent)·derivative.
template <typename Real, typename Function>
void add_bent(const Dual<const Real>& argument, const Dual<Real>& derivative, Function bend) {
  Scratch<Real> scratch;
  for (std::size_t first = 0; first < derivative.value.size(); first += block_elements) {
    const std::size_t count = std::min(block_elements, derivative.value.size() - first);
    const std::span<Real> factor = scratch.first(count);
    blockwise(argument.value.subspan(first, count), factor, bend);
    for (std::size_t i = 0; i < count; ++i) {
      derivative.tangent[first + i] += factor[i] * argument.tangent[first + i] * derivative.value[first + i];
    }
  }
}

}  // namespace

Activation activation_named(std::string_view name) {
  struct Named {
    std::string_view name;
    Activation activation;
  };
  static constexpr std::array<Named, 6> all = {{{"identity", Activation::identity},
                                                {"relu", Activation::relu},
                                                {"tanh", Activation::tanh},
                                                {"sigmoid", Activation::sigmoid},
                                                {"softplus", Activation::softplus},
                                                {"gelu", Activation::gelu}}};
  for (const Named& known : all) {
    if (known.name == name) {
      return known.activation;
    }
  }
  throw std::invalid_argument("no activation is named '" + std::string(name) + "'");
}

template <typename Real>
void activate(Activation activation, std::span<Real> values) {
  switch (activation) {
    case Activation::identity:
      return;
    case Activation::relu:
      return relu(values);
    case Activation::tanh:
      return blockwise(read_only(values), values, tanh<Real>);
    case Activation::sigmoid:
      return blockwise(read_only(values), values, sigmoid<Real>);
    case Activation::softplus:
      return blockwise(read_only(values), values, softplus<Real>);
    case Activation::gelu:
      return blockwise(read_only(values), values, gelu<Real>);
  }
}

template <typename Real>
void multiply_by_slope(Activation activation, std::span<const Real> input, std::span<const Real> output,
                       std::span<Real> derivative) {
  const auto multiply = [](Real a, Real b) { return a * b; };
  switch (activation) {
    case Activation::identity:
      return;
    case Activation::relu:
      for (std::size_t i = 0; i < derivative.size(); ++i) {
        derivative[i] = output[i] <= 0 ? Real{0} : derivative[i];
      }
      return;
    case Activation::tanh:
      for (std::size_t i = 0; i < derivative.size(); ++i) {
        derivative[i] *= (1 - output[i]) * (1 + output[i]);
      }
      return;
    case Activation::sigmoid:
      for (std::size_t i = 0; i < derivative.size(); ++i) {
        derivative[i] *= output[i] * (1 - output[i]);
      }
      return;
    case Activation::softplus:
      return blockwise(output, derivative, softplus_slope<Real>, multiply);
    case Activation::gelu:
      return blockwise(input, derivative, gelu_slope<Real>, multiply);
  }
}

template <typename Real>
void multiply_by_slope(Activation activation, const Dual<const Real>& input, const Dual<const Real>& output,
                       const Dual<Real>& derivative) {
  multiply_by_slope(activation, input.value, output.value, derivative.tangent);
  switch (activation) {
    case Activation::identity:
    case Activation::relu:
      break;
    case Activation::tanh:
      add_bent(output, derivative, tanh_bend<Real>);
      break;
    case Activation::sigmoid:
      add_bent(output, derivative, sigmoid_bend<Real>);
      break;
    case Activation::softplus:
      add_bent(output, derivative, softplus_bend<Real>);
      break;
    case Activation::gelu:
      add_bent(input, derivative, gelu_bend<Real>);
      break;
  }
  multiply_by_slope(activation, input.value, output.value, derivative.value);
}

bool needs_input(Activation activation) {
  return activation == Activation::gelu;
}

bool halves_variance(Activation activation) {
  return activation == Activation::relu || activation == Activation::softplus || activation == Activation::gelu;
}

template void activate(Activation, std::span<float>);
template void activate(Activation, std::span<double>);
template void multiply_by_slope(Activation, std::span<const float>, std::span<const float>, std::span<float>);
template void multiply_by_slope(Activation, std::span<const double>, std::span<const double>, std::span<double>);
template void multiply_by_slope(Activation, const Dual<const float>&, const Dual<const float>&, const Dual<float>&);
template void multiply_by_slope(Activation, const Dual<const double>&, const Dual<const double>&, const Dual<double>&);

}  // namespace cauchy::model

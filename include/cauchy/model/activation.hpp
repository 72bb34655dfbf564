#pragma once
/// Elementwise functions between layers.

#include <span>
#include <string_view>

namespace cauchy::model {

/// identity x; relu max(x, 0); tanh; sigmoid 1/(1 + e^-x); softplus log(1 + e^x); gelu x·Φ(x) with the normal
/// distribution function Φ (Hendrycks and Gimpel, arXiv:1606.08415), by erf and not by its usual approximation.
enum class Activation { identity, relu, tanh, sigmoid, softplus, gelu };

/// Throws std::invalid_argument for a name that is none of these.
Activation activation_named(std::string_view name);

/// values = f(values), in place. Defined for every finite value, and NaN stays NaN. The bits of each result depend on
/// its own value alone, not on its place in the span. Instantiated for float and double, as the next.
template <typename Real>
void activate(Activation activation, std::span<Real> values);

/// derivative *= f'(input), where output = f(input). Only an activation that needs_input reads the input, and only the
/// others read the output: the span that is not read may be empty.
template <typename Real>
void multiply_by_slope(Activation activation, std::span<const Real> input, std::span<const Real> output,
                       std::span<Real> derivative);

/// Numbers, and how they change.
template <typename T>
struct Dual {
  std::span<T> value;
  std::span<T> tangent;
};

/// The same for a derivative that changes, where the input does: its tangent becomes f'(input)·(its tangent) +
/// f''(input)·(tangent of the input)·derivative. Tangents of the input are read where the input is, else those of the
/// output. At relu's kink f'' is 0.
template <typename Real>
void multiply_by_slope(Activation activation, const Dual<const Real>& input, const Dual<const Real>& output,
                       const Dual<Real>& derivative);

/// Whether the slope follows from the input and not from the output (gelu).
bool needs_input(Activation activation);

/// Whether the activation drops about half of its input's variance (relu, softplus, gelu), which initial weights make
/// up for.
bool halves_variance(Activation activation);

}  // namespace cauchy::model

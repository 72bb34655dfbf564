// Transcendental functions of whole arrays by Eigen's vectorised kernels.

#include "cauchy/linear_algebra/elementwise.hpp"

#include <Eigen/Core>
#include <unsupported/Eigen/SpecialFunctions>

namespace cauchy::linear_algebra {
namespace {

template <typename Real>
auto array(std::span<const Real> values) {
  return Eigen::Map<const Eigen::Array<Real, Eigen::Dynamic, 1>>(values.data(), std::ssize(values));
}

template <typename Real>
auto array(std::span<Real> values) {
  return Eigen::Map<Eigen::Array<Real, Eigen::Dynamic, 1>>(values.data(), std::ssize(values));
}

}  // namespace

template <typename Real>
void exp(std::span<const Real> input, std::span<Real> output) {
  array(output) = array(input).exp();
}

template <typename Real>
void log(std::span<const Real> input, std::span<Real> output) {
  array(output) = array(input).log();
}

template <typename Real>
void tanh(std::span<const Real> input, std::span<Real> output) {
  array(output) = array(input).tanh();
}

template <typename Real>
void log1p(std::span<const Real> input, std::span<Real> output) {
  array(output) = array(input).log1p();
}

template <typename Real>
void erf(std::span<const Real> input, std::span<Real> output) {
  array(output) = array(input).erf();
}

template void exp(std::span<const float>, std::span<float>);
template void exp(std::span<const double>, std::span<double>);
template void log(std::span<const float>, std::span<float>);
template void log(std::span<const double>, std::span<double>);
template void tanh(std::span<const float>, std::span<float>);
template void tanh(std::span<const double>, std::span<double>);
template void log1p(std::span<const float>, std::span<float>);
template void log1p(std::span<const double>, std::span<double>);
template void erf(std::span<const float>, std::span<float>);
template void erf(std::span<const double>, std::span<double>);

}  // namespace cauchy::linear_algebra

#pragma once
/// Transcendental functions of whole arrays, vectorised. In place or not; input and output of one length, the output on
/// a 64-byte border (its position decides which elements run in the vector loop, and with that the last bits).

#include <span>

namespace cauchy::linear_algebra {

template <typename Real>
void exp(std::span<const Real> input, std::span<Real> output);
template <typename Real>
void log(std::span<const Real> input, std::span<Real> output);
template <typename Real>
void tanh(std::span<const Real> input, std::span<Real> output);
template <typename Real>
void log1p(std::span<const Real> input, std::span<Real> output);
template <typename Real>
void erf(std::span<const Real> input, std::span<Real> output);

}  // namespace cauchy::linear_algebra

#pragma once
/// Sums in an order that depends on the length alone.

#include <cstddef>
#include <span>

namespace cauchy::linear_algebra {

/// Σ x_i², in double: eight interleaved partial sums a block of 4096, blocks in order.
template <typename Real>
double sum_of_squares(std::span<const Real> values);

/// Σ x_i·y_i of vectors of one length, in double and in the order of sum_of_squares.
template <typename Real>
double dot(std::span<const Real> x, std::span<const Real> y);

/// √(Σ x_i²), where the squares may be beyond a double: infinite only if a value or the norm itself is.
template <typename Real>
double norm(std::span<const Real> values);

/// True if no value is NaN or infinite.
template <typename Real>
bool all_finite(std::span<const Real> values);

}  // namespace cauchy::linear_algebra

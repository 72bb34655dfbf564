#pragma once
/// How strongly a function bends.

#include <cstdint>
#include <span>

#include "cauchy/optimize/method.hpp"

namespace cauchy::optimize {

/// The largest magnitude of an eigenvalue of ∇²J(x), the Lipschitz constant of ∇J around x: by power iteration from a
/// random vector, until an iteration changes it by less than 1 %, 100 iterations at most. It is found from below. The
/// objective must have products of its Hessian; throws what they throw.
template <typename Real>
double largest_curvature(Objective<Real>& objective, std::span<const Real> x, std::uint64_t seed);

}  // namespace cauchy::optimize

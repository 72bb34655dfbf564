#pragma once
/// How strongly a function bends.

#include <cstdint>
#include <span>

#include "cauchy/optimize/method.hpp"

namespace cauchy::optimize {

/// The largest magnitude of an eigenvalue of ∇²J(x), the Lipschitz constant of ∇J around x: by 40 steps of the
/// Lanczos process from a random vector, which find the ends of a spectrum first: C. Lanczos, J. Res. Natl. Bur. Stand.
/// 45 (1950). It is found from below. The objective must have products of its Hessian; throws what they throw.
template <typename Real>
double largest_curvature(Objective<Real>& objective, std::span<const Real> x, std::uint64_t seed);

}  // namespace cauchy::optimize

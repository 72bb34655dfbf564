// Power iteration.

#include "cauchy/optimize/curvature.hpp"

#include <cmath>
#include <utility>

#include "cauchy/core/random.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "line.hpp"

namespace cauchy::optimize {

template <typename Real>
double largest_curvature(Objective<Real>& objective, std::span<const Real> x, std::uint64_t seed) {
  constexpr int most_iterations = 100;
  constexpr double close = 0.01;
  linear_algebra::AlignedVector<Real> direction(x.size());
  linear_algebra::AlignedVector<Real> product(x.size());
  core::RandomStream random(seed, core::Purpose::curvature, 0, 0);
  for (Real& element : direction) {
    element = static_cast<Real>(2 * random.uniform() - 1);
  }
  double curvature = 0;
  for (int i = 0; i < most_iterations; ++i) {
    const std::span<const Real> unit = direction;
    scale<Real>(objective, 1 / std::sqrt(dot(objective, unit, unit)), unit, direction);
    objective.hessian_vector(x, direction, product);
    const std::span<const Real> bent = product;
    const double before = curvature;
    curvature = std::sqrt(dot(objective, bent, bent));
    if (curvature - before <= close * curvature) {
      break;
    }
    std::swap(direction, product);
  }
  return curvature;
}

template double largest_curvature(Objective<float>&, std::span<const float>, std::uint64_t);
template double largest_curvature(Objective<double>&, std::span<const double>, std::uint64_t);

}  // namespace cauchy::optimize

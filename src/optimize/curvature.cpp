// The Lanczos process.

#include "cauchy/optimize/curvature.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "cauchy/core/random.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "line.hpp"

namespace cauchy::optimize {
namespace {

/// A symmetric tridiagonal matrix.
struct Tridiagonal {
  std::vector<double> diagonal;
  std::vector<double> beside;  ///< beside[i] between diagonal[i] and diagonal[i + 1]

  double squared_beside(std::size_t i) const { return i == 0 ? 0 : beside[i - 1] * beside[i - 1]; }

  /// How many eigenvalues are below `bound`: negative pivots of the matrix less the bound (Sturm).
  std::size_t count_below(double bound) const {
    std::size_t count = 0;
    double pivot = 1;
    for (std::size_t i = 0; i < diagonal.size(); ++i) {
      pivot = diagonal[i] - bound - squared_beside(i) / pivot;
      pivot = pivot == 0 ? -1e-300 : pivot;
      count += pivot < 0 ? 1 : 0;
    }
    return count;
  }

  /// The largest magnitude of an eigenvalue, by bisection.
  double spectral_radius() const {
    double high = 0;
    for (std::size_t i = 0; i < diagonal.size(); ++i) {
      const double after = i + 1 < diagonal.size() ? std::abs(beside[i]) : 0;
      high = std::max(high, std::abs(diagonal[i]) + std::sqrt(squared_beside(i)) + after);  // Gershgorin
    }
    double low = 0;
    for (int i = 0; i < 60; ++i) {
      const double middle = (low + high) / 2;
      const bool all_within = count_below(middle) == diagonal.size() && count_below(-middle) == 0;
      (all_within ? high : low) = middle;
    }
    return high;
  }
};

}  // namespace

template <typename Real>
double largest_curvature(Objective<Real>& objective, std::span<const Real> x, std::uint64_t seed) {
  constexpr std::size_t most_products = 40;
  linear_algebra::AlignedVector<Real> before(x.size(), Real{0});
  linear_algebra::AlignedVector<Real> now(x.size());
  linear_algebra::AlignedVector<Real> next(x.size());
  core::RandomStream random(seed, core::Purpose::curvature, 0, 0);
  for (Real& element : now) {
    element = static_cast<Real>(2 * random.uniform() - 1);
  }
  const auto norm = [&](std::span<const Real> vector) { return std::sqrt(dot(objective, vector, vector)); };
  scale<Real>(objective, 1 / norm(now), now, now);
  Tridiagonal matrix;
  double beside = 0;
  for (std::size_t i = 0; i < most_products; ++i) {
    objective.hessian_vector(x, now, next);
    matrix.diagonal.push_back(dot<Real>(objective, now, next));
    add_scaled<Real>(objective, next, -matrix.diagonal.back(), now, next);
    add_scaled<Real>(objective, next, -beside, before, next);
    beside = norm(next);
    // What is left may be nothing but rounding: no more directions are there.
    if (!(beside > 10 * static_cast<double>(std::numeric_limits<Real>::epsilon()) * matrix.spectral_radius())) {
      break;
    }
    matrix.beside.push_back(beside);
    std::swap(before, now);
    std::swap(now, next);
    scale<Real>(objective, 1 / beside, now, now);
  }
  return matrix.spectral_radius();
}

template double largest_curvature(Objective<float>&, std::span<const float>, std::uint64_t);
template double largest_curvature(Objective<double>&, std::span<const double>, std::uint64_t);

}  // namespace cauchy::optimize

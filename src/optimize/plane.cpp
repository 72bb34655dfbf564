// Planes through a space of parameters.

#include "cauchy/optimize/plane.hpp"

#include <cmath>
#include <cstddef>
#include <numeric>

#include "cauchy/linear_algebra/symmetric.hpp"

namespace cauchy::optimize {
namespace {

using linear_algebra::AlignedVector;

/// (x - origin)·(y - origin)
double product(std::span<const double> x, std::span<const double> y, std::span<const double> origin) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += (x[i] - origin[i]) * (y[i] - origin[i]);
  }
  return sum;
}

/// Of vectors from 0.
double product(std::span<const double> x, std::span<const double> y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

/// (x - origin)·y
double component(std::span<const double> x, std::span<const double> origin, std::span<const double> y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += (x[i] - origin[i]) * y[i];
  }
  return sum;
}

}  // namespace

void Plane::write(const PlanePoint& point, std::span<double> x) const {
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = origin[i] + point.alpha * a[i] + point.beta * b[i];
  }
}

bool Plane::is_plane() const {
  const double ab = product(a, b);
  const double squares = product(a, a) * product(b, b);
  return squares > 0 && ab * ab < (1 - 1e-12) * squares;
}

// The normal equations.
PlanePoint Plane::nearest(std::span<const double> x) const {
  const double aa = product(a, a);
  const double ab = product(a, b);
  const double bb = product(b, b);
  const double xa = component(x, origin, a);
  const double xb = component(x, origin, b);
  const double determinant = aa * bb - ab * ab;
  return {(xa * bb - xb * ab) / determinant, (xb * aa - xa * ab) / determinant};
}

std::optional<PrincipalPlane> principal_plane(const std::vector<AlignedVector<double>>& points,
                                              std::span<const double> origin) {
  const std::size_t n = points.size();
  if (n < 2) {
    return std::nullopt;
  }
  std::vector<double> gram(n * n, 0.0);
  double trace = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      gram[i * n + j] = product(points[i], points[j], origin);
    }
    trace += gram[i * n + i];
  }
  // D·Dᵀ = V·Λ·Vᵀ of differences D, row by row; a principal direction is Dᵀ·v/√λ.
  const linear_algebra::SymmetricEigen eigen = linear_algebra::eigen_symmetric({gram.data(), n, n});
  constexpr double least_share = 1e-12;
  if (!(eigen.values[1] > least_share * trace)) {
    return std::nullopt;
  }
  const auto direction = [&](std::size_t k) {
    AlignedVector<double> result(origin.size(), 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      const double weight = eigen.vectors[k * n + i] / std::sqrt(eigen.values[k]);
      for (std::size_t e = 0; e < origin.size(); ++e) {
        result[e] += weight * (points[i][e] - origin[e]);
      }
    }
    return result;
  };
  return PrincipalPlane{
      {{origin.begin(), origin.end()}, direction(0), direction(1)}, eigen.values[0] / trace, eigen.values[1] / trace};
}

}  // namespace cauchy::optimize

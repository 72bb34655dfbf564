#pragma once
/// Planes through a space of parameters.

#include <optional>
#include <span>
#include <vector>

#include "cauchy/linear_algebra/aligned.hpp"

namespace cauchy::optimize {

struct PlanePoint {
  double alpha = 0;
  double beta = 0;
};

/// x = origin + α·a + β·b. All vectors have one length.
struct Plane {
  linear_algebra::AlignedVector<double> origin;
  linear_algebra::AlignedVector<double> a;
  linear_algebra::AlignedVector<double> b;

  void write(const PlanePoint& point, std::span<double> x) const;

  /// Whether the directions are independent, to rounding.
  bool is_plane() const;

  /// Of the point of the plane that is nearest to x.
  PlanePoint nearest(std::span<const double> x) const;
};

struct PrincipalPlane {
  Plane plane;
  double share_a = 0;  ///< of the sum of squared distances of the points from the origin, along a
  double share_b = 0;
};

/// The plane through the origin that is nearest to the points, by the singular value decomposition of their differences
/// from it, of unit vectors: E. Lorch, "Visualizing deep network training trajectories with PCA", ICML 2016 workshop.
/// None if the points lie on a line, to 10⁻⁶ of their distances. Some hundreds of points.
std::optional<PrincipalPlane> principal_plane(const std::vector<linear_algebra::AlignedVector<double>>& points,
                                              std::span<const double> origin);

}  // namespace cauchy::optimize

// Planes through a space of parameters.

#include "cauchy/optimize/plane.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace cauchy::optimize {
namespace {

using Vector = linear_algebra::AlignedVector<double>;

TEST(Plane, FindsTheNearestPointAlongObliqueDirections) {
  const Plane plane{{1, 2, 3}, {1, 0, 0}, {1, 2, 0}};
  Vector x(3);
  plane.write({0.5, -1.5}, x);
  EXPECT_EQ(x, (Vector{0, -1, 3}));
  x[2] += 10;  // away from the plane
  const PlanePoint found = plane.nearest(x);
  EXPECT_NEAR(found.alpha, 0.5, 1e-15);
  EXPECT_NEAR(found.beta, -1.5, 1e-15);
  EXPECT_TRUE(plane.is_plane());
  EXPECT_FALSE((Plane{{0, 0}, {1, 2}, {-2, -4}}.is_plane()));
  EXPECT_FALSE((Plane{{0, 0}, {1, 2}, {0, 0}}.is_plane()));
}

TEST(PrincipalPlane, OfDifferencesFromTheOrigin) {
  // Differences (3, 0, 4)·2, (3, 0, 4)·-1 and (0, 1, 0): squares 125 and 1.
  const Vector origin{1, 1, 1};
  const std::vector<Vector> points{{7, 1, 9}, {-2, 1, -3}, {1, 2, 1}};
  const auto found = principal_plane(points, origin);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->share_a, 125.0 / 126, 1e-14);
  EXPECT_NEAR(found->share_b, 1.0 / 126, 1e-14);
  EXPECT_EQ(found->plane.origin, origin);
  const std::vector<double> a{0.6, 0, 0.8};
  const std::vector<double> b{0, 1, 0};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(found->plane.a[i], a[i], 1e-14);
    EXPECT_NEAR(found->plane.b[i], b[i], 1e-14);
  }
}

TEST(PrincipalPlane, NotOfPointsOnALine) {
  const Vector origin{1, 1};
  EXPECT_FALSE(principal_plane({}, origin));
  EXPECT_FALSE(principal_plane({{2, 3}}, origin));
  EXPECT_FALSE(principal_plane({{2, 3}, {3, 5}, {0, -1}}, origin));
  EXPECT_FALSE(principal_plane({origin, origin}, origin));
  EXPECT_TRUE(principal_plane({{2, 3}, {3, 5.001}}, origin));
}

}  // namespace
}  // namespace cauchy::optimize

#pragma once
/// J along a line, and where to stop on it.

#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <span>

#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/optimize/method.hpp"

namespace cauchy::optimize {

/// A point of x + t·d.
struct LinePoint {
  double t = 0;
  double value = 0;  ///< J, +∞ where J or its gradient is not finite
  double slope = 0;  ///< ∇J·d
};

/// Below this, differences from a value of J tell nothing: some of its roundings.
template <typename Real>
double noise_of(double value) {
  return 16 * static_cast<double>(std::numeric_limits<Real>::epsilon()) * std::abs(value);
}

/// Where a method may go next, with J's gradient.
template <typename Real>
struct Trial {
  linear_algebra::AlignedVector<Real> x;
  linear_algebra::AlignedVector<Real> gradient;
};

/// The sum of a(i)·b(i) in double, the same on every rank that minimises J, on any number of threads.
template <typename Real>
double dot(Objective<Real>& objective, std::span<const Real> a, std::span<const Real> b);

/// result ← a + factor·b, which may be in place of a or b.
template <typename Real>
void add_scaled(Objective<Real>& objective, std::span<const Real> a, double factor, std::span<const Real> b,
                std::span<Real> result);

/// result ← factor·a, which may be in place.
template <typename Real>
void scale(Objective<Real>& objective, double factor, std::span<const Real> a, std::span<Real> result);

/// Whether what `evaluates` the objective finds finite numbers, and does not diverge.
bool is_finite(const std::function<void()>& evaluates);

/// Evaluates J on x + t·d; the point of the last evaluation, and the gradient there, are in `trial`.
template <typename Real>
class Line {
 public:
  /// All must outlive the line. `start`: J(x) and ∇J(x)·d < 0.
  Line(Objective<Real>& objective, std::span<const Real> x, std::span<const Real> direction, const LinePoint& start,
       Trial<Real>& trial);

  const LinePoint& start() const { return start_; }

  double noise() const { return noise_of<Real>(start_.value); }

  LinePoint at(double t);

  /// Evaluates there again, unless that was the last evaluation.
  void return_to(const LinePoint& point);

 private:
  Objective<Real>& objective_;
  std::span<const Real> x_;
  std::span<const Real> direction_;
  LinePoint start_;
  Trial<Real>& trial_;
  double last_ = 0;
};

/// J(x + t·d) ≤ bound + c₁·t·slope, the first t ≤ `first` of a sequence that goes down, each t between 1/10 and 1/2 of
/// the one before, where the parabola through the values has its minimum. c₁ = 10^-4. `bound` ≥ J(x). L. Armijo,
/// "Minimization of functions having Lipschitz continuous first partial derivatives", Pacific J. Math. 16 (1966). None
/// if what is asked for vanishes in the noise.
template <typename Real>
std::optional<LinePoint> backtrack(Line<Real>& line, double first, double bound);

/// The strong Wolfe conditions J(x + t·d) ≤ J(x) + c₁·t·slope(0), |slope(t)| ≤ c₂·|slope(0)|, c₁ = 10^-4, by bracketing
/// and cubic interpolation: P. Wolfe, SIAM Review 11 (1969); J. Nocedal, S. Wright, "Numerical Optimization", 2nd ed.,
/// 2006, algorithms 3.5 and 3.6. Where values differ by less than their noise, the slopes alone decide, as in W. Hager,
/// H. Zhang, "A new conjugate gradient method with guaranteed descent", SIAM J. Optim. 16 (2005). `first`: the t to
/// begin with. Some point of lower J where the conditions cannot be had; none if there is no such point either.
template <typename Real>
std::optional<LinePoint> search_strong_wolfe(Line<Real>& line, double first, double c2);

}  // namespace cauchy::optimize

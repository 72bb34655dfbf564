// Newton's method in a region where the second order is trusted.

#include <algorithm>
#include <cmath>

#include "descent.hpp"

namespace cauchy::optimize {
namespace {

template <typename Real>
class NewtonCg final : public DescentMethod<Real> {
 public:
  NewtonCg() : DescentMethod<Real>({}, {"first_norm", "radius"}) {}

 private:
  static constexpr std::size_t most_products = 250;  // of a subproblem

  std::size_t own_vectors() const override { return 4; }

  void begin(Objective<Real>& objective, MethodState<Real>& state) override {
    const std::span<const Real> gradient = this->gradient(state);
    // Where J bends along the gradient, far beyond the lowest point there.
    const double squares = dot(objective, gradient, gradient);
    product_.resize(gradient.size());
    objective.hessian_vector(state.x, gradient, product_);
    const double curvature = dot<Real>(objective, gradient, product_);
    number(state, "first_norm") = std::sqrt(squares);
    number(state, "radius") = curvature > 0 ? 100 * squares * std::sqrt(squares) / curvature : 1;
  }

  StepOutcome descend(Objective<Real>& objective, MethodState<Real>& state, const StepPlan& /*plan*/) override {
    const std::span<const Real> gradient = this->gradient(state);
    double radius = number(state, "radius");
    const double value = number(state, "value");
    const double noise = noise_of<Real>(value);
    const double norm = std::sqrt(dot(objective, gradient, gradient));
    while (true) {
      const Model model = solve(objective, state, norm, radius);
      if (!(model.decrease > 0)) {
        return {.moved = false};
      }
      Line<Real> line(objective, state.x, step_, {0, value, dot<Real>(objective, gradient, step_)}, this->trial());
      const LinePoint point = line.at(1);
      // Where both changes vanish in rounding, the quadratic is right.
      const double ratio = (value - point.value + noise) / (model.decrease + noise);
      const double length = std::sqrt(dot<Real>(objective, step_, step_));
      if (!(ratio >= 0.25)) {
        radius = 0.25 * std::min(length, radius);
      } else if (ratio > 0.75 && model.at_border) {
        radius *= 2;
      }
      if (ratio > 1e-4) {
        number(state, "radius") = radius;
        this->accept(state, point.value);
        return {.learning_rate = 1};
      }
    }
  }

  struct Model {
    double decrease = 0;     ///< of J, by the quadratic
    bool at_border = false;  ///< of the region
  };

  /// Writes into step_ what makes g·p + p·H·p/2 small, ‖p‖ ≤ radius: conjugate gradients that end at the border, where
  /// curvature is not positive, or where what is left of the gradient is small enough for the next step to be better by
  /// more than this one. Steihaug's algorithm.
  Model solve(Objective<Real>& objective, MethodState<Real>& state, double norm, double radius) {
    const std::span<const Real> gradient = this->gradient(state);
    for (auto* const vector : {&step_, &residual_, &direction_, &product_}) {
      vector->resize(gradient.size());
    }
    std::ranges::fill(step_, Real{0});
    scale<Real>(objective, -1, gradient, residual_);
    scale<Real>(objective, -1, gradient, direction_);
    double squares = norm * norm;
    const double enough = norm * std::min(0.1, std::sqrt(norm / number(state, "first_norm")));
    bool at_border = false;
    for (std::size_t i = 0; i < most_products && std::sqrt(squares) > enough && !at_border; ++i) {
      if (!is_finite([&] { objective.hessian_vector(state.x, direction_, product_); })) {
        break;
      }
      const double curvature = dot<Real>(objective, direction_, product_);
      const double to_border = distance_to_border(objective, radius);
      const double wanted = squares / curvature;
      at_border = !(curvature > 0 && wanted < to_border);
      const double length = at_border ? to_border : wanted;
      add_scaled<Real>(objective, step_, length, direction_, step_);
      add_scaled<Real>(objective, residual_, -length, product_, residual_);
      const double squares_now = dot<Real>(objective, residual_, residual_);
      add_scaled<Real>(objective, residual_, squares_now / squares, direction_, direction_);
      squares = squares_now;
    }
    // H·p = -(g + r).
    return {(dot<Real>(objective, step_, residual_) - dot<Real>(objective, step_, gradient)) / 2, at_border};
  }

  /// The t ≥ 0 with ‖p + t·d‖ = radius.
  double distance_to_border(Objective<Real>& objective, double radius) {
    const double pp = dot<Real>(objective, step_, step_);
    const double pd = dot<Real>(objective, step_, direction_);
    const double dd = dot<Real>(objective, direction_, direction_);
    const double rest = std::max(0.0, radius * radius - pp);
    const double root = std::sqrt(pd * pd + dd * rest);
    return pd > 0 ? rest / (pd + root) : (root - pd) / dd;
  }

  linear_algebra::AlignedVector<Real> step_;       ///< p
  linear_algebra::AlignedVector<Real> residual_;   ///< r = -g - H·p
  linear_algebra::AlignedVector<Real> direction_;  ///< d
  linear_algebra::AlignedVector<Real> product_;    ///< H·d
};

}  // namespace

template <typename Real>
std::unique_ptr<Method<Real>> make_newton_cg() {
  return std::make_unique<NewtonCg<Real>>();
}

template std::unique_ptr<Method<float>> make_newton_cg();
template std::unique_ptr<Method<double>> make_newton_cg();

}  // namespace cauchy::optimize

// Limited-memory BFGS.

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "descent.hpp"

namespace cauchy::optimize {
namespace {

/// Slots behind the gradient: the steps s of the last pairs, and the changes y of the gradient over them, in a ring.
template <typename Real>
class Lbfgs final : public DescentMethod<Real> {
 public:
  explicit Lbfgs(std::size_t pairs)
      : DescentMethod<Real>(slots(pairs), {"newest", "pairs"}), most_pairs_(pairs), curvature_(pairs, unknown) {}

 private:
  static constexpr double c2 = 0.9;
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  static std::vector<std::string> slots(std::size_t pairs) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < pairs; ++i) {
      names.push_back("step_" + std::to_string(i));
    }
    for (std::size_t i = 0; i < pairs; ++i) {
      names.push_back("change_" + std::to_string(i));
    }
    return names;
  }

  std::span<Real> steps(MethodState<Real>& state, std::size_t i) const { return state.slots[1 + i].values; }
  std::span<Real> changes(MethodState<Real>& state, std::size_t i) const {
    return state.slots[1 + most_pairs_ + i].values;
  }

  void begin(Objective<Real>& /*objective*/, MethodState<Real>& /*state*/) override {}

  StepOutcome descend(Objective<Real>& objective, MethodState<Real>& state, const StepPlan& /*plan*/) override {
    const std::span<const Real> gradient = this->gradient(state);
    direction_.resize(gradient.size());
    while (true) {
      const bool knows_curvature = number(state, "pairs") > 0;
      set_direction(objective, state);
      const double slope = dot<Real>(objective, gradient, direction_);
      Line<Real> line(objective, state.x, direction_, {0, number(state, "value"), slope}, this->trial());
      const double first = knows_curvature || !(slope < 0) ? 1 : 1 / std::sqrt(-slope);
      const std::optional<LinePoint> point = search_strong_wolfe(line, first, c2);
      if (point) {
        this->accept(state, point->value);
        remember(objective, state);
        return {.learning_rate = point->t};
      }
      if (!knows_curvature) {
        return {.moved = false};
      }
      number(state, "pairs") = 0;  // rounding has the last word in them: once more, down the gradient
    }
  }

  /// d = -H·g by the two loops.
  void set_direction(Objective<Real>& objective, MethodState<Real>& state) {
    const auto pairs = static_cast<std::size_t>(number(state, "pairs"));
    const auto newest = static_cast<std::size_t>(number(state, "newest"));
    const auto back = [&](std::size_t i) { return (newest + most_pairs_ - i) % most_pairs_; };
    const std::span<Real> d = direction_;
    scale<Real>(objective, -1, this->gradient(state), d);
    std::vector<double> alpha(pairs);
    for (std::size_t i = 0; i < pairs; ++i) {
      const std::size_t pair = back(i);
      if (std::isnan(curvature_[pair])) {
        curvature_[pair] = dot<Real>(objective, steps(state, pair), changes(state, pair));
      }
      alpha[i] = dot<Real>(objective, steps(state, pair), d) / curvature_[pair];
      add_scaled<Real>(objective, d, -alpha[i], changes(state, pair), d);
    }
    if (pairs > 0) {
      const std::span<const Real> y = changes(state, newest);
      scale<Real>(objective, curvature_[newest] / dot(objective, y, y), d, d);
    }
    for (std::size_t i = pairs; i-- > 0;) {
      const std::size_t pair = back(i);
      const double beta = dot<Real>(objective, changes(state, pair), d) / curvature_[pair];
      add_scaled<Real>(objective, d, alpha[i] - beta, steps(state, pair), d);
    }
  }

  /// The old x and gradient are in the trial.
  void remember(Objective<Real>& objective, MethodState<Real>& state) {
    double& pairs = number(state, "pairs");
    double& newest = number(state, "newest");
    const std::size_t place = pairs == 0 ? 0 : (static_cast<std::size_t>(newest) + 1) % most_pairs_;
    const std::span<Real> s = steps(state, place);
    const std::span<Real> y = changes(state, place);
    add_scaled<Real>(objective, state.x, -1, this->trial().x, s);
    add_scaled<Real>(objective, this->gradient(state), -1, this->trial().gradient, y);
    const double sy = dot<Real>(objective, s, y);
    curvature_[place] = sy;
    if (sy > static_cast<double>(std::numeric_limits<Real>::epsilon()) * dot<Real>(objective, y, y)) {
      pairs = std::min(pairs + 1, static_cast<double>(most_pairs_));
      newest = static_cast<double>(place);
    } else if (pairs == static_cast<double>(most_pairs_)) {
      pairs -= 1;  // the oldest has made room
    }
  }

  std::size_t most_pairs_;
  linear_algebra::AlignedVector<Real> direction_;
  std::vector<double> curvature_;  ///< s·y by place; unknown in the first step after a resume
};

}  // namespace

template <typename Real>
std::unique_ptr<Method<Real>> make_lbfgs(std::size_t pairs) {
  return std::make_unique<Lbfgs<Real>>(pairs);
}

template std::unique_ptr<Method<float>> make_lbfgs(std::size_t);
template std::unique_ptr<Method<double>> make_lbfgs(std::size_t);

}  // namespace cauchy::optimize

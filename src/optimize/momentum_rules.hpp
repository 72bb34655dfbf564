#pragma once
/// Steepest descent, and its likes that remember a velocity. Formulas and sources: method.hpp.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "cauchy/optimize/method.hpp"

namespace cauchy::optimize {

struct GradientDescent {
  static std::vector<std::string> slots() { return {}; }
  double proximal_factor() const { return 1; }

  template <typename Real>
  void update(const StepPlan& plan, const MethodState<Real>& now, MethodState<Real>& next, std::size_t first,
              std::size_t last) const {
    const auto rate = static_cast<Real>(plan.learning_rate);
    for (std::size_t i = first; i < last; ++i) {
      const Real gradient = next.x[i];
      next.x[i] = now.x[i] - rate * gradient;
    }
  }
};

/// Where `looks_ahead`, Nesterov's.
template <bool looks_ahead>
struct Momentum {
  double momentum;

  static std::vector<std::string> slots() { return {"velocity"}; }
  double proximal_factor() const { return 1 / (1 - momentum); }

  template <typename Real>
  void update(const StepPlan& plan, const MethodState<Real>& now, MethodState<Real>& next, std::size_t first,
              std::size_t last) const {
    const auto rate = static_cast<Real>(plan.learning_rate);
    const auto factor = static_cast<Real>(momentum);
    const std::span<const Real> velocity = now.slots[0].of(first, last);
    const std::span<Real> next_velocity = next.slots[0].of(first, last);
    for (std::size_t i = first; i < last; ++i) {
      const Real gradient = next.x[i];
      const Real moved = factor * velocity[i - first] + gradient;
      next_velocity[i - first] = moved;
      next.x[i] = now.x[i] - rate * (looks_ahead ? gradient + factor * moved : moved);
    }
  }
};

}  // namespace cauchy::optimize

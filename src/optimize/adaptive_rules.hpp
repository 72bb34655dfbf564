#pragma once
/// Rules with a rate for each element, from the squares of its gradients. Formulas and sources: method.hpp.

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "cauchy/optimize/method.hpp"

namespace cauchy::optimize {

/// adagrad, which keeps and adds all of the squares, and rmsprop, which takes their mean.
struct RootOfSquares {
  double kept;
  double added;
  double epsilon;

  static std::vector<std::string> slots() { return {"squares"}; }
  double proximal_factor() const { return 0; }

  template <typename Real>
  void update(const StepPlan& plan, const MethodState<Real>& now, MethodState<Real>& next, std::size_t first,
              std::size_t last) const {
    const auto rate = static_cast<Real>(plan.learning_rate);
    const auto keep = static_cast<Real>(kept);
    const auto add = static_cast<Real>(added);
    const auto delta = static_cast<Real>(epsilon);
    const std::span<const Real> squares = now.slots[0].of(first, last);
    const std::span<Real> next_squares = next.slots[0].of(first, last);
    for (std::size_t i = first; i < last; ++i) {
      const Real gradient = next.x[i];
      const Real sum = keep * squares[i - first] + add * gradient * gradient;
      next_squares[i - first] = sum;
      next.x[i] = now.x[i] - rate * gradient / (std::sqrt(sum) + delta);
    }
  }
};

/// Writes the moments of `next`, and d in place of the gradient in next.x.
struct AdamDirection {
  double beta1;
  double beta2;
  double epsilon;

  static std::vector<std::string> slots() { return {"mean", "squares"}; }

  template <typename Real>
  void write(const StepPlan& plan, const MethodState<Real>& now, MethodState<Real>& next, std::size_t first,
             std::size_t last) const {
    const auto step = static_cast<double>(plan.number);
    const auto mean_factor = static_cast<Real>(1 / (1 - std::pow(beta1, step)));
    const auto square_factor = static_cast<Real>(1 / (1 - std::pow(beta2, step)));
    const auto kept_mean = static_cast<Real>(beta1);
    const auto added_mean = static_cast<Real>(1 - beta1);
    const auto kept = static_cast<Real>(beta2);
    const auto added = static_cast<Real>(1 - beta2);
    const auto delta = static_cast<Real>(epsilon);
    const std::span<const Real> mean = now.slots[0].of(first, last);
    const std::span<const Real> squares = now.slots[1].of(first, last);
    const std::span<Real> next_mean = next.slots[0].of(first, last);
    const std::span<Real> next_squares = next.slots[1].of(first, last);
    for (std::size_t i = first; i < last; ++i) {
      const Real gradient = next.x[i];
      const std::size_t k = i - first;
      next_mean[k] = kept_mean * mean[k] + added_mean * gradient;
      next_squares[k] = kept * squares[k] + added * gradient * gradient;
      next.x[i] = mean_factor * next_mean[k] / (std::sqrt(square_factor * next_squares[k]) + delta);
    }
  }
};

struct Adam {
  AdamDirection direction;

  static std::vector<std::string> slots() { return AdamDirection::slots(); }
  double proximal_factor() const { return 0; }

  template <typename Real>
  void update(const StepPlan& plan, const MethodState<Real>& now, MethodState<Real>& next, std::size_t first,
              std::size_t last) const {
    direction.write(plan, now, next, first, last);
    const auto rate = static_cast<Real>(plan.learning_rate);
    for (std::size_t i = first; i < last; ++i) {
      next.x[i] = now.x[i] - rate * next.x[i];
    }
  }
};

}  // namespace cauchy::optimize

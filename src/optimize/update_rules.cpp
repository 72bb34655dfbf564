// Methods that evaluate the objective once a step.

#include <functional>
#include <utility>

#include "cauchy/optimize/method.hpp"

namespace cauchy::optimize {
namespace {

using linear_algebra::AlignedVector;

/// A method that moves x by a rule on the gradient at x.
///
/// The new state is written beside the old one and the two change places, so that the old one is there until the next
/// gradient is. The gradient itself is written where x of the new state will be: no vector is needed for it, and none
/// is copied.
template <typename Real>
class UpdateRule : public Method<Real> {
 public:
  explicit UpdateRule(double learning_rate) : learning_rate_(learning_rate) {}

  MethodState<Real> start(AlignedVector<Real> x) const override { return {std::move(x), {}}; }

  void step(Objective<Real>& objective, MethodState<Real>& state) final {
    if (other_.x.size() != state.x.size()) {
      other_ = start(AlignedVector<Real>(state.x.size()));
    }
    objective.value_and_gradient(state.x, other_.x);
    const auto update_range = [&](std::size_t first, std::size_t last) { update(state, other_, first, last); };
    objective.for_ranges(state.x.size(), std::cref(update_range));
    std::swap(state, other_);
    holds_previous_ = true;
  }

  bool undo(MethodState<Real>& state) final {
    if (!std::exchange(holds_previous_, false)) {
      return false;
    }
    std::swap(state, other_);
    return true;
  }

  double learning_rate() const final { return learning_rate_; }

 protected:
  /// Turns elements [first, last) of `next`, whose x holds the gradient at now.x, into those of the state after the
  /// step. Slots of both have one order. Several threads work on different elements.
  virtual void update(const MethodState<Real>& now, MethodState<Real>& next, std::size_t first,
                      std::size_t last) const = 0;

 private:
  double learning_rate_;
  MethodState<Real> other_;  ///< before the last step
  bool holds_previous_ = false;
};

template <typename Real>
class GradientDescent final : public UpdateRule<Real> {
 public:
  using UpdateRule<Real>::UpdateRule;

 protected:
  void update(const MethodState<Real>& now, MethodState<Real>& next, std::size_t first,
              std::size_t last) const override {
    const auto rate = static_cast<Real>(this->learning_rate());
    for (std::size_t i = first; i < last; ++i) {
      const Real gradient = next.x[i];
      next.x[i] = now.x[i] - rate * gradient;
    }
  }
};

template <typename Real>
class Momentum final : public UpdateRule<Real> {
 public:
  Momentum(double learning_rate, double momentum) : UpdateRule<Real>(learning_rate), momentum_(momentum) {}

  MethodState<Real> start(AlignedVector<Real> x) const override {
    MethodState<Real> state{std::move(x), {}};
    state.slots.push_back({"velocity", AlignedVector<Real>(state.x.size(), Real{0})});  // a list of slots would copy it
    return state;
  }

 protected:
  void update(const MethodState<Real>& now, MethodState<Real>& next, std::size_t first,
              std::size_t last) const override {
    const auto rate = static_cast<Real>(this->learning_rate());
    const auto momentum = static_cast<Real>(momentum_);
    const AlignedVector<Real>& velocity = now.slots[0].values;
    AlignedVector<Real>& next_velocity = next.slots[0].values;
    for (std::size_t i = first; i < last; ++i) {
      const Real gradient = next.x[i];
      next_velocity[i] = momentum * velocity[i] + gradient;
      next.x[i] = now.x[i] - rate * next_velocity[i];
    }
  }

 private:
  double momentum_;
};

}  // namespace

template <typename Real>
std::unique_ptr<Method<Real>> make_gradient_descent(double learning_rate) {
  return std::make_unique<GradientDescent<Real>>(learning_rate);
}

template <typename Real>
std::unique_ptr<Method<Real>> make_momentum(double learning_rate, double momentum) {
  return std::make_unique<Momentum<Real>>(learning_rate, momentum);
}

template std::unique_ptr<Method<float>> make_gradient_descent(double);
template std::unique_ptr<Method<double>> make_gradient_descent(double);
template std::unique_ptr<Method<float>> make_momentum(double, double);
template std::unique_ptr<Method<double>> make_momentum(double, double);

}  // namespace cauchy::optimize

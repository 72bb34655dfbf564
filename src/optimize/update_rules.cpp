// Methods that evaluate the objective once a step.

#include <utility>

#include "cauchy/optimize/method.hpp"

namespace cauchy::optimize {
namespace {

using linear_algebra::AlignedVector;

/// A method that moves x by a rule on the gradient at x.
template <typename Real>
class UpdateRule : public Method<Real> {
 public:
  explicit UpdateRule(double learning_rate) : learning_rate_(learning_rate) {}

  MethodState<Real> start(AlignedVector<Real> x) const override { return {std::move(x), {}}; }

  void step(Objective<Real>& objective, MethodState<Real>& state) final {
    gradient_.resize(state.x.size());
    objective.value_and_gradient(state.x, gradient_);
    update(gradient_, state);
  }

  double learning_rate() const final { return learning_rate_; }

 protected:
  virtual void update(std::span<const Real> gradient, MethodState<Real>& state) const = 0;

 private:
  double learning_rate_;
  AlignedVector<Real> gradient_;
};

template <typename Real>
class GradientDescent final : public UpdateRule<Real> {
 public:
  using UpdateRule<Real>::UpdateRule;

 protected:
  void update(std::span<const Real> gradient, MethodState<Real>& state) const override {
    const auto rate = static_cast<Real>(this->learning_rate());
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      state.x[i] -= rate * gradient[i];
    }
  }
};

template <typename Real>
class Momentum final : public UpdateRule<Real> {
 public:
  Momentum(double learning_rate, double momentum) : UpdateRule<Real>(learning_rate), momentum_(momentum) {}

  MethodState<Real> start(AlignedVector<Real> x) const override {
    AlignedVector<Real> velocity(x.size(), Real{0});
    return {std::move(x), {{"velocity", std::move(velocity)}}};
  }

 protected:
  void update(std::span<const Real> gradient, MethodState<Real>& state) const override {
    const auto rate = static_cast<Real>(this->learning_rate());
    const auto momentum = static_cast<Real>(momentum_);
    AlignedVector<Real>& velocity = state.slots[0].values;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      velocity[i] = momentum * velocity[i] + gradient[i];
      state.x[i] -= rate * velocity[i];
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

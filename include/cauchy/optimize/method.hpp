#pragma once
/// Methods that minimise a function of a vector, one step at a time. They know nothing of ranks, files or samples.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/optimize/options.hpp"

namespace cauchy::optimize {

/// What is minimised.
template <typename Real>
class Objective {
 public:
  Objective() = default;
  Objective(const Objective&) = delete;
  Objective& operator=(const Objective&) = delete;
  virtual ~Objective() = default;

  /// J(x); writes ∇J(x), of x's length. Throws core::Error with code diverged if either is NaN or infinite: agreed,
  /// with `gradient` as it was, or, where only the finished gradient shows it, not agreed, and then no step can be
  /// undone.
  virtual double value_and_gradient(std::span<const Real> x, std::span<Real> gradient) = 0;

  /// Calls work(first, last) for ranges that the elements of x are cut into, with all threads that the objective has.
  virtual void for_ranges(std::size_t elements, const std::function<void(std::size_t, std::size_t)>& work) {
    work(0, elements);
  }
};

/// A vector of x's length that a method keeps between steps, such as the velocity.
template <typename Real>
struct Slot {
  std::string name;
  linear_algebra::AlignedVector<Real> values;
};

/// Where a method is: the iterate and all that the method remembers.
template <typename Real>
struct MethodState {
  linear_algebra::AlignedVector<Real> x;  ///< Θ
  std::vector<Slot<Real>> slots;
};

/// A method. Beside its constants and scratch memory it holds the state before the last step, so that a step that led
/// out of the domain of J can be taken back. Instantiated for float and double.
template <typename Real>
class Method {
 public:
  Method() = default;
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;
  virtual ~Method() = default;

  /// The state before the first step at x.
  virtual MethodState<Real> start(linear_algebra::AlignedVector<Real> x) const = 0;

  /// One accepted iterate.
  virtual void step(Objective<Real>& objective, MethodState<Real>& state) = 0;

  /// Makes `state` what it was before the last step, to the last bit: after that step, or after a further one that
  /// threw before its objective wrote a gradient. Once a step. Returns false, and does nothing, if there is no step to
  /// undo.
  virtual bool undo(MethodState<Real>& state) = 0;

  /// ε of the next step.
  virtual double learning_rate() const = 0;
};

/// x ← x - ε·∇J(x). A. Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées", Comptes
/// rendus 25 (1847), 536-538.
template <typename Real>
std::unique_ptr<Method<Real>> make_gradient_descent(double learning_rate);

/// v ← μ·v + ∇J(x), x ← x - ε·v, v = 0 at the start. B. T. Polyak, "Some methods of speeding up the convergence of
/// iteration methods", USSR Comput. Math. Math. Phys. 4 (1964), doi:10.1016/0041-5553(64)90137-5, with ε outside v.
template <typename Real>
std::unique_ptr<Method<Real>> make_momentum(double learning_rate, double momentum);

/// The method that the options name.
template <typename Real>
std::unique_ptr<Method<Real>> make_method(const MethodOptions& options);

}  // namespace cauchy::optimize

#pragma once
/// Methods that minimise a function of a vector, one step at a time. They know nothing of ranks, files or samples.

#include <cstddef>
#include <cstdint>
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

/// Elements [first, last) of x that belong together, such as the weights of a layer.
struct Slice {
  std::size_t first = 0;
  std::size_t last = 0;
  bool decays = false;  ///< weight decay and the L1 penalty are for these
};

/// What a step is to be.
struct StepPlan {
  std::uint64_t number = 1;  ///< counted from 1 since the start
  double learning_rate = 0;  ///< ε
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
  virtual void step(Objective<Real>& objective, MethodState<Real>& state, const StepPlan& plan) = 0;

  /// Makes `state` what it was before the last step, to the last bit: after that step, or after a further one that
  /// threw before its objective wrote a gradient. Once a step. Returns false, and does nothing, if there is no step to
  /// undo.
  virtual bool undo(MethodState<Real>& state) = 0;
};

/// The method that the options name, for a vector of these slices, in ascending order.
///
/// gradient_descent: x ← x - ε·g, g = ∇J(x). A. Cauchy, "Méthode générale pour la résolution des systèmes d'équations
///     simultanées", Comptes rendus 25 (1847), 536-538.
/// momentum: v ← μ·v + g, x ← x - ε·v, v = 0 at the start, as all that methods remember. B. T. Polyak, "Some methods of
///     speeding up the convergence of iteration methods", USSR Comput. Math. Math. Phys. 4 (1964),
///     doi:10.1016/0041-5553(64)90137-5, with ε outside v.
/// nesterov: v ← μ·v + g, x ← x - ε·(g + μ·v). Y. Nesterov, "A method for solving the convex programming problem with
///     convergence rate O(1/k²)", Dokl. Akad. Nauk SSSR 269 (1983), in the variables of Sutskever, Martens, Dahl and
///     Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013: g is taken at x + μ·v.
/// adagrad: s ← s + g², x ← x - ε·g/(√s + δ). J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online
///     learning and stochastic optimization", JMLR 12 (2011).
/// rmsprop: s ← β₂·s + (1 - β₂)·g², x ← x - ε·g/(√s + δ). T. Tieleman, G. Hinton, lecture 6.5, Coursera 2012.
/// adam: m ← β₁·m + (1 - β₁)·g, s ← β₂·s + (1 - β₂)·g², x ← x - ε·d, d = m/(1 - β₁ᵏ)/(√(s/(1 - β₂ᵏ)) + δ) in step k.
///     D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, arXiv:1412.6980.
/// adamw: the same with weight decay by itself. I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR
///     2019, arXiv:1711.05101.
/// lamb: x ← x - ε·r·(d + λ·x), d as in adam, r = ‖x‖/‖d + λ·x‖ of each slice, 1 where either is 0. Y. You et al.,
///     "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020, arXiv:1904.00962.
///
/// Weight decay λ, beside lamb: x ← x - ε·(d + λ·x) with what the rule takes for d. An L1 penalty λ₁, which the
/// objective leaves out of its gradient, by a proximal step: x ← sign(x)·max(|x| - t, 0) after each update, t = ε·λ₁,
/// and ε·λ₁/(1 - μ) with momentum, whose steps are longer in the long run. N. Parikh, S. Boyd, "Proximal algorithms",
/// 2014. Throws core::UserError where a method has no proximal step.
template <typename Real>
std::unique_ptr<Method<Real>> make_method(const MethodOptions& options, double l1, std::vector<Slice> slices);

}  // namespace cauchy::optimize

#pragma once
/// Methods that minimise a function of a vector, one step at a time. They know nothing of ranks, files or samples.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/optimize/options.hpp"

namespace cauchy::optimize {

/// The elements [first, last) of x that a method updates here, where others update the rest at the same time, each in a
/// place of its own. By itself: all of them.
struct Share {
  std::size_t first = 0;
  std::size_t last = SIZE_MAX;

  /// Of a vector of so many elements.
  Share within(std::size_t elements) const { return {std::min(first, elements), std::min(last, elements)}; }
  std::size_t size() const { return last - first; }
  bool operator==(const Share&) const = default;
};

/// What is minimised. Where x is updated in shares, its functions are called by all, in the same order, with the same
/// x.
template <typename Real>
class Objective {
 public:
  Objective() = default;
  Objective(const Objective&) = delete;
  Objective& operator=(const Objective&) = delete;
  virtual ~Objective() = default;

  /// J(x); writes ∇J(x), of x's length. Throws core::Error with code diverged if either is NaN or infinite: agreed,
  /// with `gradient` as it was, or, where only the finished gradient shows it, not agreed, and then no step can be
  /// undone. Of the gradient, the elements of the share here are enough.
  virtual double value_and_gradient(std::span<const Real> x, std::span<Real> gradient) = 0;

  /// Writes ∇²J(x)·direction, of x's length. Throws as value_and_gradient does; std::logic_error if the objective has
  /// no second derivatives.
  virtual void hessian_vector(std::span<const Real> /*x*/, std::span<const Real> /*direction*/,
                              std::span<Real> /*product*/) {
    throw std::logic_error("this objective has no products of its Hessian and a vector");
  }

  /// Calls work(first, last) for ranges that the elements of x are cut into, with all threads that the objective has.
  virtual void for_ranges(std::size_t elements, const std::function<void(std::size_t, std::size_t)>& work) {
    work(0, elements);
  }

  /// The same number on every rank that minimises J, the root's: for decisions. Collective where J is.
  virtual double of_root(double value) { return value; }

  /// Replaces the numbers by their sums over all shares. Each is 0 in all places but one, so that sums are exact.
  virtual void sum_over_shares(std::span<double> /*numbers*/) {}

  /// Brings to x the elements that have been updated elsewhere.
  virtual void collect_shares(std::span<Real> /*x*/) {}
};

/// A vector that a method keeps between steps, such as the velocity: a number for each element of x, or of its share.
template <typename Real>
struct Slot {
  std::string name;
  linear_algebra::AlignedVector<Real> values;
  std::size_t first = 0;  ///< the element of x that the first of them belongs to

  /// Of elements [begin, end) of x.
  std::span<const Real> of(std::size_t begin, std::size_t end) const {
    return std::span(values).subspan(begin - first, end - begin);
  }
  std::span<Real> of(std::size_t begin, std::size_t end) {
    return std::span(values).subspan(begin - first, end - begin);
  }
};

/// A number that a method keeps between steps, such as J(x).
struct Number {
  std::string name;
  double value = 0;
};

/// Where a method is: the iterate and all that the method remembers.
template <typename Real>
struct MethodState {
  linear_algebra::AlignedVector<Real> x;  ///< Θ
  std::vector<Slot<Real>> slots;
  std::vector<Number> numbers;
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

/// What came of a step.
struct StepOutcome {
  double learning_rate = 0;  ///< ε that was taken: the plan's, or what a line search found
  bool moved = true;         ///< false: x is as it was, since no step lowers J as far as its values tell
  bool evaluated = false;    ///< J and its gradient have been evaluated at the new x: they are finite
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

  /// One accepted iterate. Where the objective is evaluated several times, the last one is at the x that is left.
  virtual StepOutcome step(Objective<Real>& objective, MethodState<Real>& state, const StepPlan& plan) = 0;

  /// Vectors of x's length that it works with beside a state.
  virtual std::size_t vectors_beside(const MethodState<Real>& state) const = 0;

  /// Makes `state` what it was before the last step, to the last bit: after that step, or after a further one that
  /// threw before its objective wrote a gradient. Once a step. Returns false, and does nothing, if there is no step to
  /// undo.
  virtual bool undo(MethodState<Real>& state) = 0;
};

/// The method that the options name, for a vector of these slices, in ascending order. A share ends where slices end,
/// or a multiple of 4096 elements after their begin; its method keeps and updates what belongs to it.
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
/// The following find ε themselves. They evaluate J at several x a step, and need it to be one function: of all
/// samples.
///
/// backtracking: x ← x - ε·g, ε the first of a descending sequence from twice the last one on that lowers J by at least
///     10⁻⁴·ε·‖g‖²; J never rises. L. Armijo, Pacific J. Math. 16 (1966).
/// barzilai_borwein: x ← x - ε·g, with s and y the last changes of x and g, ε = s·s/s·y and s·y/y·y in turn (J.
///     Barzilai, J. Borwein, "Two-point step size gradient methods", IMA J. Numer. Anal. 8 (1988)), shortened where J
///     would be above a mean of its last values (H. Zhang, W. Hager, "A nonmonotone line search technique and its
///     application to unconstrained optimization", SIAM J. Optim. 14 (2004), η = 0.85).
/// conjugate_gradient: x ← x + ε·d, d ← -g + β·d, β = max(0, g·(g - g₋)/g₋·g₋): E. Polak, G. Ribière, Rev. Fr. Inform.
///     Rech. Oper. 3 (1969); M. Powell, Math. Program. 12 (1977). ε by the strong Wolfe conditions with 0.1.
/// lbfgs: x ← x - ε·H·g, H from the last pairs (s, y) by two loops: J. Nocedal, "Updating quasi-Newton matrices with
///     limited storage", Math. Comput. 35 (1980); D. Liu, J. Nocedal, Math. Program. 45 (1989). ε by the strong Wolfe
///     conditions with 0.9.
/// newton_cg: x ← x + p, p minimises g·p + p·∇²J·p/2, ‖p‖ ≤ Δ, by conjugate gradients until ‖g + ∇²J·p‖ ≤
///     min(0.1, √(‖g‖/‖g₁‖))·‖g‖: T. Steihaug, "The conjugate gradient method and trust regions in large scale
///     optimization", SIAM J. Numer. Anal. 20 (1983). Δ is 100 times the way to the lowest point of the quadratic along
///     g at first; it is doubled where J falls by at least 3/4 of what the quadratic promised at the border, and ‖p‖/4
///     where it falls by less than 1/4.
///
/// Weight decay λ, beside lamb: x ← x - ε·(d + λ·x) with what the rule takes for d. An L1 penalty λ₁, which the
/// objective leaves out of its gradient, by a proximal step: x ← sign(x)·max(|x| - t, 0) after each update, t = ε·λ₁,
/// and ε·λ₁/(1 - μ) with momentum, whose steps are longer in the long run. N. Parikh, S. Boyd, "Proximal algorithms",
/// 2014. Throws core::UserError where a method has no proximal step.
template <typename Real>
std::unique_ptr<Method<Real>> make_method(const MethodOptions& options, double l1, std::vector<Slice> slices,
                                          Share share = {});

}  // namespace cauchy::optimize

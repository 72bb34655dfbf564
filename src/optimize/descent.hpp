#pragma once
/// Methods that look for a step along a direction, and so know J and its gradient at x from the step before. Formulas
/// and sources: method.hpp.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cauchy/optimize/method.hpp"
#include "line.hpp"

namespace cauchy::optimize {

/// The number of this name in a state. Throws std::logic_error if there is none.
template <typename Real>
double& number(MethodState<Real>& state, const std::string& name);

/// A method ends where it finds no step, or where so many in a row have been idle: J no lower than before, but for
/// rounding, and its gradient no shorter than ever.
///
/// A step begins with J(x) and ∇J(x), and ends with those of the new x. Nothing has to be undone: J is finite at each
/// x that is left.
template <typename Real>
class DescentMethod : public Method<Real> {
 public:
  /// `numbers`, beside J, in the order of the alphabet; `slots`, beside the gradient, of x's length.
  DescentMethod(std::vector<std::string> slots, std::vector<std::string> numbers);

  MethodState<Real> start(linear_algebra::AlignedVector<Real> x) const final;
  StepOutcome step(Objective<Real>& objective, MethodState<Real>& state, const StepPlan& plan) final;
  std::size_t vectors_beside(const MethodState<Real>& /*state*/) const final { return 2 + own_vectors(); }
  bool undo(MethodState<Real>& /*state*/) final { return false; }

 protected:
  static constexpr std::size_t gradient_slot = 0;
  static std::span<Real> gradient(MethodState<Real>& state) { return state.slots[gradient_slot].values; }

  /// Beside the trial.
  virtual std::size_t own_vectors() const = 0;

  /// Before the first step, J(x) and ∇J(x) are known.
  virtual void begin(Objective<Real>& objective, MethodState<Real>& state) = 0;
  virtual StepOutcome descend(Objective<Real>& objective, MethodState<Real>& state, const StepPlan& plan) = 0;

  /// x, J and the gradient of the trial become those of the state; the trial has the old ones then.
  void accept(MethodState<Real>& state, double value);

  Trial<Real>& trial() { return trial_; }

 private:
  void count_idle_steps(Objective<Real>& objective, MethodState<Real>& state);

  std::vector<std::string> slots_;
  std::vector<std::string> numbers_;
  Trial<Real> trial_;
};

template <typename Real>
std::unique_ptr<Method<Real>> make_backtracking();
template <typename Real>
std::unique_ptr<Method<Real>> make_barzilai_borwein();
template <typename Real>
std::unique_ptr<Method<Real>> make_conjugate_gradient();
/// With `pairs` ≥ 1 pairs of differences.
template <typename Real>
std::unique_ptr<Method<Real>> make_lbfgs(std::size_t pairs);
template <typename Real>
std::unique_ptr<Method<Real>> make_newton_cg();

}  // namespace cauchy::optimize

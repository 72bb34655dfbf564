#pragma once
/// Methods that evaluate the objective once a step and move each element of x by a rule on its gradient.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cauchy/optimize/method.hpp"

namespace cauchy::optimize {

/// What is beside the rule itself.
struct RuleSettings {
  std::vector<Slice> slices;
  double weight_decay = 0;  ///< λ
  double l1 = 0;            ///< λ₁
  Share share;
};

/// The new state is written beside the old one and the two change places, so that the old one is there until the next
/// gradient is. The gradient itself is written where x of the new state will be: no vector is needed for it, and none
/// is copied.
template <typename Real>
class UpdateRule : public Method<Real> {
 public:
  /// `slots`: names of the vectors that the rule remembers, which start at 0.
  UpdateRule(RuleSettings settings, std::vector<std::string> slots)
      : settings_(std::move(settings)), slots_(std::move(slots)) {}

  MethodState<Real> start(linear_algebra::AlignedVector<Real> x) const final {
    MethodState<Real> state{std::move(x), {}, {}};
    const Share share = settings_.share.within(state.x.size());
    for (const std::string& name : slots_) {
      state.slots.push_back({name, linear_algebra::AlignedVector<Real>(share.size(), Real{0}), share.first});
    }
    return state;
  }

  StepOutcome step(Objective<Real>& objective, MethodState<Real>& state, const StepPlan& plan) final {
    if (other_.x.size() != state.x.size()) {
      other_ = start(linear_algebra::AlignedVector<Real>(state.x.size()));
    }
    objective.value_and_gradient(state.x, other_.x);
    update_all(objective, plan, state, other_);
    objective.collect_shares(other_.x);
    std::swap(state, other_);
    holds_previous_ = true;
    return {.learning_rate = plan.learning_rate};
  }

  std::size_t vectors_beside(const MethodState<Real>& state) const final { return 1 + state.slots.size(); }

  bool undo(MethodState<Real>& state) final {
    if (!std::exchange(holds_previous_, false)) {
      return false;
    }
    std::swap(state, other_);
    return true;
  }

 protected:
  const RuleSettings& settings() const { return settings_; }

  /// Turns `next`, whose x holds the gradient at now.x, into the state after the step, within the share.
  virtual void update_all(Objective<Real>& objective, const StepPlan& plan, const MethodState<Real>& now,
                          MethodState<Real>& next) = 0;

  /// Calls work(first, last) for ranges that the share is cut into, as Objective::for_ranges() does.
  void for_ranges_of_share(Objective<Real>& objective, std::size_t elements,
                           const std::function<void(std::size_t, std::size_t)>& work) const {
    const Share share = settings_.share.within(elements);
    objective.for_ranges(share.size(),
                         [&](std::size_t first, std::size_t last) { work(share.first + first, share.first + last); });
  }

 private:
  RuleSettings settings_;
  std::vector<std::string> slots_;
  MethodState<Real> other_;  ///< before the last step
  bool holds_previous_ = false;
};

/// Rules that know of an element nothing but the element itself. `Rule` has
///
///     static std::vector<std::string> slots();
///     double proximal_factor() const;                           // of ε·λ₁; 0: there is no proximal step
///     template <typename Real> void update(const StepPlan& plan, const MethodState<Real>& now,
///                                          MethodState<Real>& next, std::size_t first, std::size_t last) const;
///
/// which turns elements [first, last) of `next` into those after the step. Several threads work on different elements.
template <typename Real, typename Rule>
class ElementRule final : public UpdateRule<Real> {
 public:
  ElementRule(Rule rule, RuleSettings settings)
      : UpdateRule<Real>(std::move(settings), Rule::slots()), rule_(std::move(rule)) {}

 protected:
  void update_all(Objective<Real>& objective, const StepPlan& plan, const MethodState<Real>& now,
                  MethodState<Real>& next) override {
    const auto work = [&](std::size_t first, std::size_t last) {
      // Pieces that stay in the cache, in which weight decay and penalty follow.
      for (; first < last; first += piece) {
        const std::size_t end = std::min(last, first + piece);
        rule_.update(plan, now, next, first, end);
        shrink(plan, now, next, first, end);
      }
    };
    this->for_ranges_of_share(objective, now.x.size(), std::cref(work));
  }

 private:
  static constexpr std::size_t piece = 4096;

  void shrink(const StepPlan& plan, const MethodState<Real>& now, MethodState<Real>& next, std::size_t first,
              std::size_t last) const {
    const RuleSettings& settings = this->settings();
    if (settings.weight_decay == 0 && settings.l1 == 0) {
      return;
    }
    const auto decay = static_cast<Real>(plan.learning_rate * settings.weight_decay);
    const auto threshold = static_cast<Real>(plan.learning_rate * settings.l1 * rule_.proximal_factor());
    for (const Slice& slice : settings.slices) {
      if (slice.decays) {
        for (std::size_t i = std::max(first, slice.first); i < std::min(last, slice.last); ++i) {
          const Real moved = next.x[i] - decay * now.x[i];
          // In this form NaN passes.
          next.x[i] = std::abs(moved) <= threshold ? Real{0} : moved - std::copysign(threshold, moved);
        }
      }
    }
  }

  Rule rule_;
};

}  // namespace cauchy::optimize

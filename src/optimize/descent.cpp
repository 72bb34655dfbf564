// Steepest descent and conjugate gradients with line searches.

#include "descent.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

namespace cauchy::optimize {
namespace {
constexpr double most_idle_steps = 20;
}  // namespace

template <typename Real>
double& number(MethodState<Real>& state, const std::string& name) {
  const auto found = std::ranges::find(state.numbers, name, &Number::name);
  return found != state.numbers.end() ? found->value : throw std::logic_error("a method keeps no number " + name);
}

template <typename Real>
DescentMethod<Real>::DescentMethod(std::vector<std::string> slots, std::vector<std::string> numbers)
    : slots_(std::move(slots)), numbers_(std::move(numbers)) {
  slots_.insert(slots_.begin(), "gradient");
  numbers_.insert(numbers_.end(), {"idle", "lowest", "shortest", "value"});
  std::ranges::sort(numbers_);
}

template <typename Real>
MethodState<Real> DescentMethod<Real>::start(linear_algebra::AlignedVector<Real> x) const {
  MethodState<Real> state{std::move(x), {}, {}};
  for (const std::string& name : slots_) {
    state.slots.push_back({name, linear_algebra::AlignedVector<Real>(state.x.size(), Real{0})});
  }
  for (const std::string& name : numbers_) {
    state.numbers.push_back({name, 0});
  }
  return state;
}

template <typename Real>
StepOutcome DescentMethod<Real>::step(Objective<Real>& objective, MethodState<Real>& state, const StepPlan& plan) {
  if (plan.number == 1) {
    const double value = objective.value_and_gradient(state.x, gradient(state));
    const std::span<const Real> start = gradient(state);
    number(state, "value") = value;
    number(state, "lowest") = value;
    number(state, "shortest") = dot(objective, start, start);
    begin(objective, state);
  }
  StepOutcome outcome{.moved = false};
  if (number(state, "idle") < most_idle_steps) {
    outcome = descend(objective, state, plan);
  }
  outcome.evaluated = true;
  if (outcome.moved) {
    count_idle_steps(objective, state);
  } else {
    trial_.gradient.resize(state.x.size());
    objective.value_and_gradient(state.x, trial_.gradient);  // what is reported is of x
  }
  return outcome;
}

template <typename Real>
void DescentMethod<Real>::count_idle_steps(Objective<Real>& objective, MethodState<Real>& state) {
  const std::span<const Real> now = gradient(state);
  const double value = number(state, "value");
  const double squares = dot(objective, now, now);
  double& lowest = number(state, "lowest");
  double& shortest = number(state, "shortest");
  double& idle = number(state, "idle");
  const bool gains = value < lowest - noise_of<Real>(lowest) || squares < shortest;
  idle = gains ? 0 : idle + 1;
  lowest = std::min(lowest, value);
  shortest = std::min(shortest, squares);
}

template <typename Real>
void DescentMethod<Real>::accept(MethodState<Real>& state, double value) {
  std::swap(state.x, trial_.x);
  std::swap(state.slots[gradient_slot].values, trial_.gradient);
  number(state, "value") = value;
}

namespace {

/// No step has told anything yet: one of length 1.
double first_rate(double squared_gradient) {
  return squared_gradient > 0 ? 1 / std::sqrt(squared_gradient) : 1;
}

/// Along the negative gradient, with a rate that is kept from step to step.
template <typename Real>
class SteepestDescent : public DescentMethod<Real> {
 public:
  explicit SteepestDescent(std::vector<std::string> numbers) : DescentMethod<Real>({}, std::move(numbers)) {}

 protected:
  std::size_t own_vectors() const override { return 1; }

  void begin(Objective<Real>& objective, MethodState<Real>& state) override {
    const std::span<const Real> gradient = this->gradient(state);
    number(state, "rate") = first_rate(dot(objective, gradient, gradient));
  }

  StepOutcome descend(Objective<Real>& objective, MethodState<Real>& state, const StepPlan& plan) final {
    const std::span<const Real> gradient = this->gradient(state);
    direction_.resize(gradient.size());
    scale<Real>(objective, -1, gradient, direction_);
    const double squares = dot(objective, gradient, gradient);
    Line<Real> line(objective, state.x, direction_, {0, number(state, "value"), -squares}, this->trial());
    const std::optional<LinePoint> point = backtrack(line, number(state, "rate"), bound(state));
    if (!point) {
      return {.moved = false};
    }
    this->accept(state, point->value);
    note(objective, state, plan, *point, squares);
    return {.learning_rate = point->t};
  }

  /// What J may be.
  virtual double bound(MethodState<Real>& state) = 0;
  /// After a step: the next rate, and what else is kept. `squares`: of the gradient before the step.
  virtual void note(Objective<Real>& objective, MethodState<Real>& state, const StepPlan& plan, const LinePoint& point,
                    double squares) = 0;

 private:
  linear_algebra::AlignedVector<Real> direction_;
};

template <typename Real>
class Backtracking final : public SteepestDescent<Real> {
 public:
  Backtracking() : SteepestDescent<Real>({"rate"}) {}

 private:
  double bound(MethodState<Real>& state) override { return number(state, "value"); }

  void note(Objective<Real>& /*objective*/, MethodState<Real>& state, const StepPlan& /*plan*/, const LinePoint& point,
            double /*squares*/) override {
    number(state, "rate") = 2 * point.t;
  }
};

template <typename Real>
class BarzilaiBorwein final : public SteepestDescent<Real> {
 public:
  BarzilaiBorwein() : SteepestDescent<Real>({"rate", "reference", "weight"}) {}

 private:
  static constexpr double memory = 0.85;  ///< η
  static constexpr double most_growth = 1e5;

  std::size_t own_vectors() const override { return 2; }

  void begin(Objective<Real>& objective, MethodState<Real>& state) override {
    SteepestDescent<Real>::begin(objective, state);
    number(state, "reference") = number(state, "value");
    number(state, "weight") = 1;
  }

  double bound(MethodState<Real>& state) override {
    return std::max(number(state, "reference"), number(state, "value"));
  }

  void note(Objective<Real>& objective, MethodState<Real>& state, const StepPlan& plan, const LinePoint& point,
            double squares) override {
    double& weight = number(state, "weight");
    double& reference = number(state, "reference");
    reference = (memory * weight * reference + point.value) / (memory * weight + 1);
    weight = memory * weight + 1;
    // With s = -t·g and y = the change of g: the old gradient is in the trial.
    const std::span<const Real> old = this->trial().gradient;
    change_.resize(old.size());
    add_scaled<Real>(objective, this->gradient(state), -1, old, change_);
    const double sy = -point.t * dot<Real>(objective, old, change_);
    const double ss = point.t * point.t * squares;
    const double yy = dot<Real>(objective, change_, change_);
    const double wanted = plan.number % 2 == 1 ? ss / sy : sy / yy;
    number(state, "rate") = sy > 0 ? std::clamp(wanted, point.t / most_growth, point.t * most_growth) : 10 * point.t;
  }

  linear_algebra::AlignedVector<Real> change_;  ///< y
};

template <typename Real>
class ConjugateGradient final : public DescentMethod<Real> {
 public:
  ConjugateGradient() : DescentMethod<Real>({"direction"}, {"rate", "slope"}) {}

 private:
  static constexpr double c2 = 0.1;

  std::size_t own_vectors() const override { return 0; }

  void begin(Objective<Real>& objective, MethodState<Real>& state) override {
    restart(objective, state);
    number(state, "rate") = first_rate(-number(state, "slope"));
  }

  void restart(Objective<Real>& objective, MethodState<Real>& state) {
    const std::span<const Real> gradient = this->gradient(state);
    scale<Real>(objective, -1, gradient, state.slots[1].values);
    number(state, "slope") = -dot(objective, gradient, gradient);
  }

  StepOutcome descend(Objective<Real>& objective, MethodState<Real>& state, const StepPlan& /*plan*/) override {
    std::optional<LinePoint> point = search(objective, state);
    if (!point) {  // once more, down the gradient
      restart(objective, state);
      point = search(objective, state);
    }
    const double slope = number(state, "slope");
    if (!point) {
      return {.moved = false};
    }
    this->accept(state, point->value);
    turn(objective, state);
    // The next step is taken to change J as much as this one has.
    number(state, "rate") = point->t * std::min(10.0, slope / number(state, "slope"));
    return {.learning_rate = point->t};
  }

  std::optional<LinePoint> search(Objective<Real>& objective, MethodState<Real>& state) {
    const LinePoint start{0, number(state, "value"), number(state, "slope")};
    Line<Real> line(objective, state.x, state.slots[1].values, start, this->trial());
    return search_strong_wolfe(line, number(state, "rate"), c2);
  }

  /// The next direction; the old gradient is in the trial.
  void turn(Objective<Real>& objective, MethodState<Real>& state) {
    const std::span<const Real> now = this->gradient(state);
    const std::span<const Real> old = this->trial().gradient;
    const std::span<Real> direction = state.slots[1].values;
    const double old_squares = dot<Real>(objective, old, old);
    const double squares = dot<Real>(objective, now, now);
    const double beta = std::max(0.0, (squares - dot<Real>(objective, now, old)) / old_squares);
    scale<Real>(objective, beta, direction, direction);
    add_scaled<Real>(objective, direction, -1, now, direction);
    number(state, "slope") = dot<Real>(objective, now, direction);
    if (!(number(state, "slope") < -1e-10 * squares)) {
      restart(objective, state);
    }
  }
};

}  // namespace

template <typename Real>
std::unique_ptr<Method<Real>> make_backtracking() {
  return std::make_unique<Backtracking<Real>>();
}

template <typename Real>
std::unique_ptr<Method<Real>> make_barzilai_borwein() {
  return std::make_unique<BarzilaiBorwein<Real>>();
}

template <typename Real>
std::unique_ptr<Method<Real>> make_conjugate_gradient() {
  return std::make_unique<ConjugateGradient<Real>>();
}

template double& number(MethodState<float>&, const std::string&);
template double& number(MethodState<double>&, const std::string&);
template class DescentMethod<float>;
template class DescentMethod<double>;
template std::unique_ptr<Method<float>> make_backtracking();
template std::unique_ptr<Method<double>> make_backtracking();
template std::unique_ptr<Method<float>> make_barzilai_borwein();
template std::unique_ptr<Method<double>> make_barzilai_borwein();
template std::unique_ptr<Method<float>> make_conjugate_gradient();
template std::unique_ptr<Method<double>> make_conjugate_gradient();

}  // namespace cauchy::optimize

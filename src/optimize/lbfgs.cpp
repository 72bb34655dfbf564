// Limited-memory BFGS.

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cauchy/linear_algebra/sums.hpp"
#include "descent.hpp"

namespace cauchy::optimize {
namespace {

/// Slots: the gradient, the steps s of the last pairs, and the changes y of the gradient over them, in a ring. The two
/// loops need nothing of these vectors but their products with each other, and the direction is a combination of them:
/// two passes over the vectors do what the loops as they are written do in ten (W. Chen, Z. Wang, J. Zhou, "Large-scale
/// L-BFGS using MapReduce", NIPS 2014). A step changes the products of three of them.
template <typename Real>
class Lbfgs final : public DescentMethod<Real> {
 public:
  explicit Lbfgs(std::size_t pairs)
      : DescentMethod<Real>(slots(pairs), {"newest", "pairs"}),
        most_pairs_(pairs),
        products_((1 + 2 * pairs) * (1 + 2 * pairs)) {}

 private:
  static constexpr double c2 = 0.9;
  static constexpr std::size_t piece = 4096;

  static std::vector<std::string> slots(std::size_t pairs) {
    std::vector<std::string> names;
    for (const char* const name : {"step_", "change_"}) {
      for (std::size_t i = 0; i < pairs; ++i) {
        names.push_back(name + std::to_string(i));
      }
    }
    return names;
  }

  std::size_t step_slot(std::size_t place) const { return 1 + place; }
  std::size_t change_slot(std::size_t place) const { return 1 + most_pairs_ + place; }
  double& product(std::size_t a, std::size_t b) { return products_[a * (1 + 2 * most_pairs_) + b]; }

  /// Places of the pairs, the newest first.
  std::vector<std::size_t> places(MethodState<Real>& state) const {
    const auto newest = static_cast<std::size_t>(number(state, "newest"));
    std::vector<std::size_t> result(static_cast<std::size_t>(number(state, "pairs")));
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i] = (newest + most_pairs_ - i) % most_pairs_;
    }
    return result;
  }

  std::size_t own_vectors() const override { return 1; }

  void begin(Objective<Real>& /*objective*/, MethodState<Real>& /*state*/) override {}

  StepOutcome descend(Objective<Real>& objective, MethodState<Real>& state, const StepPlan& /*plan*/) override {
    const std::span<const Real> gradient = this->gradient(state);
    direction_.resize(gradient.size());
    update_products(objective, state);
    require_curvature(objective, state);
    std::vector<std::size_t> newest_first = places(state);
    while (true) {
      const bool knows_curvature = !newest_first.empty();
      set_direction(objective, state, two_loops(newest_first));
      const double slope = dot<Real>(objective, gradient, direction_);
      Line<Real> line(objective, state.x, direction_, {0, number(state, "value"), slope}, this->trial());
      const double first = knows_curvature || !(slope < 0) ? 1 : 1 / std::sqrt(-slope);
      const std::optional<LinePoint> point = search_strong_wolfe(line, first, c2);
      if (point) {
        number(state, "pairs") = static_cast<double>(newest_first.size());
        this->accept(state, point->value);
        remember(objective, state);
        return {.learning_rate = point->t};
      }
      if (!knows_curvature) {
        return {.moved = false};
      }
      newest_first.clear();  // rounding has the last word in them: once more, down the gradient
    }
  }

  /// Those that the last step has changed; all of them where that is not known.
  void update_products(Objective<Real>& objective, MethodState<Real>& state) {
    std::vector<std::size_t> all{this->gradient_slot};
    for (const std::size_t place : places(state)) {
      all.push_back(step_slot(place));
      all.push_back(change_slot(place));
    }
    const bool one_pair_is_new = std::exchange(knows_products_, true);
    // The gradient and the newest pair come first.
    const std::size_t changed = one_pair_is_new ? std::min<std::size_t>(3, all.size()) : all.size();
    const std::size_t elements = state.x.size();
    const std::size_t pieces = (elements + piece - 1) / piece;
    std::vector<double> parts(pieces * changed * all.size());
    const auto work = [&](std::size_t begin, std::size_t end) {
      for (std::size_t part = (begin + piece - 1) / piece; part * piece < end; ++part) {
        const std::size_t first = part * piece;
        const std::size_t size = std::min(piece, elements - first);
        for (std::size_t i = 0; i < changed * all.size(); ++i) {
          const std::span<const Real> a = state.slots[all[i / all.size()]].values;
          const std::span<const Real> b = state.slots[all[i % all.size()]].values;
          parts[part * changed * all.size() + i] =
              linear_algebra::dot<Real>(a.subspan(first, size), b.subspan(first, size));
        }
      }
    };
    objective.for_ranges(elements, std::cref(work));
    for (std::size_t i = 0; i < changed * all.size(); ++i) {
      double sum = 0;
      for (std::size_t part = 0; part < pieces; ++part) {
        sum += parts[part * changed * all.size() + i];
      }
      product(all[i / all.size()], all[i % all.size()]) = sum;
      product(all[i % all.size()], all[i / all.size()]) = sum;
    }
  }

  /// Forgets the newest pair if J does not bend upwards along it, but for rounding.
  void require_curvature(Objective<Real>& objective, MethodState<Real>& state) {
    double& pairs = number(state, "pairs");
    double& newest = number(state, "newest");
    if (pairs == 0) {
      return;
    }
    const auto place = static_cast<std::size_t>(newest);
    const double sy = objective.of_root(product(step_slot(place), change_slot(place)));
    const double yy = objective.of_root(product(change_slot(place), change_slot(place)));
    if (!(sy > static_cast<double>(std::numeric_limits<Real>::epsilon()) * yy)) {
      pairs -= 1;
      newest = static_cast<double>((place + most_pairs_ - 1) % most_pairs_);
    }
  }

  /// d = -H·g, as factors of the slots.
  std::vector<double> two_loops(const std::vector<std::size_t>& newest_first) {
    std::vector<double> factors(1 + 2 * most_pairs_, 0.0);
    const auto times = [&](std::size_t slot) {
      double sum = 0;
      for (std::size_t i = 0; i < factors.size(); ++i) {
        sum += factors[i] == 0 ? 0 : factors[i] * product(i, slot);
      }
      return sum;
    };
    const auto curvature = [&](std::size_t place) { return product(step_slot(place), change_slot(place)); };
    std::vector<double> alpha;
    factors[this->gradient_slot] = -1;
    for (const std::size_t place : newest_first) {
      alpha.push_back(times(step_slot(place)) / curvature(place));
      factors[change_slot(place)] -= alpha.back();
    }
    if (!newest_first.empty()) {
      const std::size_t newest = newest_first.front();
      const double scale = curvature(newest) / product(change_slot(newest), change_slot(newest));
      std::ranges::for_each(factors, [&](double& factor) { factor *= scale; });
    }
    for (std::size_t i = newest_first.size(); i-- > 0;) {
      const std::size_t place = newest_first[i];
      factors[step_slot(place)] += alpha[i] - times(change_slot(place)) / curvature(place);
    }
    return factors;
  }

  void set_direction(Objective<Real>& objective, const MethodState<Real>& state, const std::vector<double>& factors) {
    const auto work = [&](std::size_t begin, std::size_t end) {
      std::array<double, piece> sum{};
      for (std::size_t first = begin; first < end; first += piece) {
        const std::size_t size = std::min(piece, end - first);
        std::fill_n(sum.begin(), size, 0.0);
        for (std::size_t slot = 0; slot < factors.size(); ++slot) {
          const double factor = factors[slot];
          const Real* const values = state.slots[slot].values.data() + first;
          for (std::size_t i = 0; i < size && factor != 0; ++i) {
            sum[i] += factor * static_cast<double>(values[i]);
          }
        }
        for (std::size_t i = 0; i < size; ++i) {
          direction_[first + i] = static_cast<Real>(sum[i]);
        }
      }
    };
    objective.for_ranges(direction_.size(), std::cref(work));
  }

  /// The old x and gradient are in the trial.
  void remember(Objective<Real>& objective, MethodState<Real>& state) {
    double& pairs = number(state, "pairs");
    double& newest = number(state, "newest");
    const std::size_t place = pairs == 0 ? 0 : (static_cast<std::size_t>(newest) + 1) % most_pairs_;
    add_scaled<Real>(objective, state.x, -1, this->trial().x, state.slots[step_slot(place)].values);
    add_scaled<Real>(objective, this->gradient(state), -1, this->trial().gradient,
                     state.slots[change_slot(place)].values);
    pairs = std::min(pairs + 1, static_cast<double>(most_pairs_));
    newest = static_cast<double>(place);
  }

  std::size_t most_pairs_;
  std::vector<double> products_;  ///< of two slots
  bool knows_products_ = false;   ///< but those of the gradient and the newest pair; not in the first step here
  linear_algebra::AlignedVector<Real> direction_;
};

}  // namespace

template <typename Real>
std::unique_ptr<Method<Real>> make_lbfgs(std::size_t pairs) {
  return std::make_unique<Lbfgs<Real>>(pairs);
}

template std::unique_ptr<Method<float>> make_lbfgs(std::size_t);
template std::unique_ptr<Method<double>> make_lbfgs(std::size_t);

}  // namespace cauchy::optimize

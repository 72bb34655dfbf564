#pragma once
/// Adam whose steps are in proportion to the norm of each slice. Formula and source: method.hpp.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "adaptive_rules.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "update_rule.hpp"

namespace cauchy::optimize {

template <typename Real>
class Lamb final : public UpdateRule<Real> {
 public:
  Lamb(AdamDirection direction, RuleSettings settings)
      : UpdateRule<Real>(std::move(settings), AdamDirection::slots()), direction_(direction) {
    for (const Slice& slice : this->settings().slices) {
      for (std::size_t first = slice.first; first < slice.last; first += piece) {
        pieces_.push_back({first, std::min(slice.last, first + piece), slice.decays});
      }
    }
    squares_.resize(2 * pieces_.size());
  }

 protected:
  void update_all(Objective<Real>& objective, const StepPlan& plan, const MethodState<Real>& now,
                  MethodState<Real>& next) override {
    std::ranges::fill(squares_, 0.0);
    for_pieces(objective, now.x.size(), [&](std::size_t i) { write_direction(plan, now, next, i); });
    objective.sum_over_shares(squares_);
    std::vector<Real> rates = rates_of_pieces(plan.learning_rate);
    for_pieces(objective, now.x.size(), [&](std::size_t i) {
      for (std::size_t k = pieces_[i].first; k < pieces_[i].last; ++k) {
        next.x[k] = now.x[k] - rates[i] * next.x[k];
      }
    });
  }

 private:
  static constexpr std::size_t piece = 4096;

  /// Each piece of the share, by the thread whose range its first element is in: sums do not depend on the ranges.
  template <typename Work>
  void for_pieces(Objective<Real>& objective, std::size_t elements, Work work) const {
    const auto in_range = [&](std::size_t first, std::size_t last) {
      const auto begins_before = [](const Slice& slice, std::size_t element) { return slice.first < element; };
      const auto begin = std::lower_bound(pieces_.begin(), pieces_.end(), first, begins_before);
      const auto end = std::lower_bound(begin, pieces_.end(), last, begins_before);
      for (auto it = begin; it != end; ++it) {
        work(static_cast<std::size_t>(it - pieces_.begin()));
      }
    };
    this->for_ranges_of_share(objective, elements, std::cref(in_range));
  }

  /// d + λ·x in next.x.
  void write_direction(const StepPlan& plan, const MethodState<Real>& now, MethodState<Real>& next, std::size_t i) {
    const auto [first, last, decays] = pieces_[i];
    direction_.write(plan, now, next, first, last);
    const auto decay = static_cast<Real>(decays ? this->settings().weight_decay : 0);
    for (std::size_t k = first; k < last; ++k) {
      next.x[k] += decay * now.x[k];
    }
    squares_[2 * i] = linear_algebra::sum_of_squares<Real>(std::span(now.x).subspan(first, last - first));
    squares_[2 * i + 1] = linear_algebra::sum_of_squares<Real>(std::span(next.x).subspan(first, last - first));
  }

  /// ε·r, the same for all pieces of a slice.
  std::vector<Real> rates_of_pieces(double learning_rate) const {
    std::vector<Real> rates(pieces_.size());
    std::size_t i = 0;
    for (const Slice& slice : this->settings().slices) {
      double of_x = 0;
      double of_direction = 0;
      std::size_t end = i;
      for (; end < pieces_.size() && pieces_[end].first < slice.last; ++end) {
        of_x += squares_[2 * end];
        of_direction += squares_[2 * end + 1];
      }
      const double ratio = of_x > 0 && of_direction > 0 ? std::sqrt(of_x / of_direction) : 1;
      std::fill(rates.begin() + static_cast<std::ptrdiff_t>(i), rates.begin() + static_cast<std::ptrdiff_t>(end),
                static_cast<Real>(learning_rate * ratio));
      i = end;
    }
    return rates;
  }

  AdamDirection direction_;
  std::vector<Slice> pieces_;
  std::vector<double> squares_;  ///< by piece two sums: of x, and of d + λ·x
};

}  // namespace cauchy::optimize

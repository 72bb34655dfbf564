// Line searches.

#include "line.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/sums.hpp"

namespace cauchy::optimize {
namespace {

constexpr double c1 = 1e-4;
constexpr std::size_t piece = 4096;
constexpr int most_evaluations = 60;

/// The minimum of the cubic through values and slopes of two points, NaN where it has none: Nocedal and Wright, (3.59).
double cubic_minimum(const LinePoint& a, const LinePoint& b) {
  const double d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t);
  const double d2 = std::copysign(std::sqrt(d1 * d1 - a.slope * b.slope), b.t - a.t);
  return b.t - (b.t - a.t) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
}

/// `wanted`, but within [low, high]; `otherwise` if it is NaN.
double within(double wanted, double low, double high, double otherwise) {
  return std::isnan(wanted) ? otherwise : std::clamp(wanted, low, high);
}

/// Between two points, of which one may have an infinite value; not too close to either.
double between(const LinePoint& low, const LinePoint& high) {
  const double width = high.t - low.t;
  const double wanted = std::isfinite(high.value) ? cubic_minimum(low, high) : low.t + width / 10;
  const double margin = std::abs(width) / 10;
  return within(wanted, std::min(low.t, high.t) + margin, std::max(low.t, high.t) - margin, low.t + width / 2);
}

template <typename Real>
class StrongWolfe {
 public:
  StrongWolfe(Line<Real>& line, double c2) : line_(line), start_(line.start()), c2_(c2) {}

  std::optional<LinePoint> search(double first) {
    LinePoint before = start_;
    double t = first;
    while (evaluations_ < most_evaluations) {
      const LinePoint now = evaluate(t);
      if (!falls(now) || rises(before, now)) {
        return narrow(before, now);
      }
      if (is_flat(now)) {
        return now;
      }
      if (now.slope >= 0) {
        return narrow(now, before);
      }
      t = within(cubic_minimum(before, now), 1.25 * now.t, 10 * now.t, 4 * now.t);
      before = now;
    }
    return best_of(before);
  }

 private:
  LinePoint evaluate(double t) {
    ++evaluations_;
    return line_.at(t);
  }

  bool falls(const LinePoint& point) const {
    return point.value <= start_.value + c1 * point.t * start_.slope + line_.noise();
  }
  bool rises(const LinePoint& from, const LinePoint& to) const { return to.value > from.value + line_.noise(); }
  bool is_flat(const LinePoint& point) const { return std::abs(point.slope) <= -c2_ * start_.slope; }

  /// Between `low`, which falls and whose slope points to `high`, and `high`.
  std::optional<LinePoint> narrow(LinePoint low, LinePoint high) {
    while (evaluations_ < most_evaluations && std::abs(high.t - low.t) > 1e-12 * std::max(high.t, low.t)) {
      const LinePoint now = evaluate(between(low, high));
      if (!falls(now) || rises(low, now)) {
        high = now;
        continue;
      }
      if (is_flat(now)) {
        return now;
      }
      if (now.slope * (high.t - low.t) >= 0) {
        high = low;
      }
      low = now;
    }
    return best_of(low);
  }

  std::optional<LinePoint> best_of(const LinePoint& point) {
    if (!(point.value < start_.value)) {
      return {};
    }
    line_.return_to(point);
    return point;
  }

  Line<Real>& line_;
  LinePoint start_;
  double c2_;
  int evaluations_ = 0;
};

}  // namespace

template <typename Real>
double dot(Objective<Real>& objective, std::span<const Real> a, std::span<const Real> b) {
  std::vector<double> parts((a.size() + piece - 1) / piece);
  const auto work = [&](std::size_t first, std::size_t last) {
    // Each piece by the thread whose range its first element is in.
    for (std::size_t part = (first + piece - 1) / piece; part * piece < last; ++part) {
      const std::size_t size = std::min(piece, a.size() - part * piece);
      parts[part] = linear_algebra::dot<Real>(a.subspan(part * piece, size), b.subspan(part * piece, size));
    }
  };
  objective.for_ranges(a.size(), std::cref(work));
  double sum = 0;
  for (const double part : parts) {
    sum += part;
  }
  return objective.of_root(sum);
}

template <typename Real>
void add_scaled(Objective<Real>& objective, std::span<const Real> a, double factor, std::span<const Real> b,
                std::span<Real> result) {
  const auto scale = static_cast<Real>(factor);
  const auto work = [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      result[i] = a[i] + scale * b[i];
    }
  };
  objective.for_ranges(a.size(), std::cref(work));
}

template <typename Real>
void scale(Objective<Real>& objective, double factor, std::span<const Real> a, std::span<Real> result) {
  const auto by = static_cast<Real>(factor);
  const auto work = [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      result[i] = by * a[i];
    }
  };
  objective.for_ranges(a.size(), std::cref(work));
}

bool is_finite(const std::function<void()>& evaluates) {
  try {
    evaluates();
    return true;
  } catch (const core::Error& error) {
    if (error.code() != core::ExitCode::diverged || !error.agreed()) {
      throw;
    }
    return false;
  }
}

template <typename Real>
Line<Real>::Line(Objective<Real>& objective, std::span<const Real> x, std::span<const Real> direction,
                 const LinePoint& start, Trial<Real>& trial)
    : objective_(objective), x_(x), direction_(direction), start_(start), trial_(trial) {
  trial_.x.resize(x.size());
  trial_.gradient.resize(x.size());
}

template <typename Real>
LinePoint Line<Real>::at(double t) {
  last_ = t;
  add_scaled<Real>(objective_, x_, t, direction_, trial_.x);
  double value = 0;
  if (!is_finite([&] { value = objective_.value_and_gradient(trial_.x, trial_.gradient); })) {
    return {t, std::numeric_limits<double>::infinity(), 0};  // too far
  }
  return {t, value, dot<Real>(objective_, trial_.gradient, direction_)};
}

template <typename Real>
void Line<Real>::return_to(const LinePoint& point) {
  if (point.t != last_) {
    at(point.t);
  }
}

template <typename Real>
std::optional<LinePoint> backtrack(Line<Real>& line, double first, double bound) {
  const LinePoint& start = line.start();
  double t = first;
  // What is asked for is a part of what a step promises. Where even the promise is lost in rounding, no value can keep
  // it.
  for (int i = 0; i < most_evaluations && -t * start.slope > line.noise() / 64; ++i) {
    const LinePoint now = line.at(t);
    if (now.value <= bound + c1 * t * start.slope) {
      return now;
    }
    const double parabola = -start.slope * t * t / (2 * (now.value - start.value - t * start.slope));
    t = within(parabola, t / 10, t / 2, t / 2);
  }
  return {};
}

template <typename Real>
std::optional<LinePoint> search_strong_wolfe(Line<Real>& line, double first, double c2) {
  return line.start().slope < 0 ? StrongWolfe<Real>(line, c2).search(first) : std::nullopt;
}

template double dot(Objective<float>&, std::span<const float>, std::span<const float>);
template double dot(Objective<double>&, std::span<const double>, std::span<const double>);
template void add_scaled(Objective<float>&, std::span<const float>, double, std::span<const float>, std::span<float>);
template void add_scaled(Objective<double>&, std::span<const double>, double, std::span<const double>,
                         std::span<double>);
template void scale(Objective<float>&, double, std::span<const float>, std::span<float>);
template void scale(Objective<double>&, double, std::span<const double>, std::span<double>);
template class Line<float>;
template class Line<double>;
template std::optional<LinePoint> backtrack(Line<float>&, double, double);
template std::optional<LinePoint> backtrack(Line<double>&, double, double);
template std::optional<LinePoint> search_strong_wolfe(Line<float>&, double, double);
template std::optional<LinePoint> search_strong_wolfe(Line<double>&, double, double);

}  // namespace cauchy::optimize

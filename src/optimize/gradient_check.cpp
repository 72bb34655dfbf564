// Gradients against differences.

#include "cauchy/optimize/gradient_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "cauchy/core/error.hpp"
#include "cauchy/core/random.hpp"

namespace cauchy::optimize {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

constexpr double first_step = 0x1p-7;
constexpr double ratio = 8;  // of one h to the next; powers of two, so that x ± h has no rounding of its own
constexpr std::size_t least_steps = 7;
constexpr std::size_t most_steps = 12;

constexpr double noises_in_error = 3;  // of a difference, whose own rounding has a deviation of η/(√2·h)
constexpr double noises_in_gap = 30;   // between the slopes to both sides, whose rounding has one of √6·η/h
constexpr double errors_allowed = 10;
constexpr double rounding = 1e-9;       // of ∇J·v itself, relative
constexpr double worth_calling = 1e-3;  // what a probe must be able to tell, relative

/// J on both sides of x, at one h.
struct Step {
  double h = 0;
  double difference = 0;  ///< D(h); NaN where J is not finite
  double left_slope = 0;
  double right_slope = 0;
  double error = infinite;
  bool kink = false;  ///< within reach

  double gap() const { return std::abs(right_slope - left_slope); }
};

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// The power of two from max(1, ‖x‖) on, over the elements that v moves.
double scale_of(std::span<const double> x, std::span<const double> v) {
  double squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    squares += v[i] == 0 ? 0 : x[i] * x[i];
  }
  return std::exp2(std::ceil(std::log2(std::max(1.0, std::sqrt(squares)))));
}

/// By what J does at the larger step before this one.
void judge(const Step& before, double noise, Step& step) {
  step.kink = step.gap() > before.gap() / 2 + noises_in_gap * noise / step.h;
  const double error = std::abs(step.difference - before.difference) / (ratio - 1) + noises_in_error * noise / step.h;
  if (std::isfinite(error)) {
    step.error = error;
  }
}

/// The steps go down: a kink is within reach of all before the one that has found it.
const Step* best_of(std::span<const Step> steps) {
  const Step* best = nullptr;
  for (const Step& step : steps) {
    if (step.kink) {
      best = nullptr;
    } else if (step.error < infinite && (best == nullptr || step.error < best->error)) {
      best = &step;
    }
  }
  return best;
}

bool is_flat(std::span<const Step> steps) {
  return std::ranges::all_of(steps, [](const Step& step) { return step.left_slope == 0 && step.right_slope == 0; });
}

/// Curvature moves each slope by less than a twelfth of the gap: by h/2·J'', where a gap that is more than half of the
/// one at 8·h has more than 6·h·J'' from a kink.
bool lies_between(double gradient, const Step& step, double noise) {
  const double tolerance = step.gap() / 12 + errors_allowed * noises_in_error * noise / step.h;
  return gradient >= std::min(step.left_slope, step.right_slope) - tolerance &&
         gradient <= std::max(step.left_slope, step.right_slope) + tolerance;
}

Finding compare(double gradient, std::span<const Step> steps, const Step& best) {
  if (gradient == 0 && is_flat(steps)) {
    return Finding::flat;
  }
  const double larger = std::max(std::abs(gradient), std::abs(best.difference));
  const double tolerance = errors_allowed * best.error + rounding * larger;
  if (!(std::abs(gradient - best.difference) <= tolerance)) {
    return Finding::differs;
  }
  return tolerance <= worth_calling * larger ? Finding::agrees : Finding::unresolved;
}

}  // namespace

double Probe::digits() const {
  const double larger = std::max(std::abs(gradient), std::abs(difference));
  const double distance = std::abs(gradient - difference);
  constexpr double most = 16;
  return distance == 0 ? most : std::clamp(-std::log10(distance / larger), 0.0, most);
}

GradientCheck::GradientCheck(Objective<double>& objective, std::span<const double> x,
                             const GradientCheckOptions& options, Moves moves)
    : objective_(objective),
      options_(options),
      moves_(std::move(moves)),
      x_(x.begin(), x.end()),
      trial_(x_),
      gradient_(x.size(), 0.0),
      unused_(x.size(), 0.0) {
  value_ = objective_.value_and_gradient(x_, gradient_);
  ++evaluations_;
  measure_noise();
}

std::vector<Probe> GradientCheck::check_part(std::size_t first, std::size_t last) {
  std::vector<Probe> probes;
  const double axis = 1;
  for (const std::size_t coordinate : choose_coordinates(first, last)) {
    probes.push_back(probe({coordinate, {&axis, 1}}));
    probes.back().coordinate = coordinate;
    options_.probed();
  }
  const std::vector<Probe> directions = probe_directions(first, last);
  probes.insert(probes.end(), directions.begin(), directions.end());
  return probes;
}

std::vector<Probe> GradientCheck::check_whole() {
  return probe_directions(0, x_.size());
}

/// Where J overflows, trial points are of no use, and that is all.
double GradientCheck::value_at(const Line& line, double t) {
  const auto moved = std::span(trial_).subspan(line.first, line.v.size());
  const auto start = std::span<const double>(x_).subspan(line.first, line.v.size());
  for (std::size_t i = 0; i < moved.size(); ++i) {
    moved[i] = start[i] + t * line.v[i];
  }
  double value = std::numeric_limits<double>::quiet_NaN();
  try {
    value = objective_.value_and_gradient(trial_, unused_);
  } catch (const core::Error& error) {
    if (error.code() != core::ExitCode::diverged) {
      throw;
    }
  }
  ++evaluations_;
  std::ranges::copy(start, moved.begin());
  return value;
}

/// Fourth differences of equally spaced values leave nothing of a smooth function over such steps. Of noise with
/// variance η² they have variance 70·η².
void GradientCheck::measure_noise() {
  constexpr double spacing = 0x1p-36;
  std::array<double, 9> values;
  const std::vector<double> v = random_direction(0, x_.size(), 0);
  const double scale = scale_of(x_, v);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = value_at({0, v}, static_cast<double>(i) * spacing * scale);
  }
  double squares = 0;
  for (std::size_t i = 0; i + 4 < values.size(); ++i) {
    const double fourth = values[i] - 4 * values[i + 1] + 6 * values[i + 2] - 4 * values[i + 3] + values[i + 4];
    squares += fourth * fourth / 70;
  }
  const double measured = std::sqrt(squares / 5);
  const double least = std::numeric_limits<double>::epsilon() * std::abs(value_);
  noise_ = std::isfinite(measured) ? std::max(measured, least) : least;
}

std::vector<Probe> GradientCheck::probe_directions(std::size_t first, std::size_t last) {
  std::vector<Probe> probes;
  for (std::uint64_t number = 1; number <= options_.directions; ++number) {
    const std::vector<double> v = random_direction(first, last, number);
    if (dot(v, v) > 0) {
      probes.push_back(probe({first, v}));
      options_.probed();
    }
  }
  return probes;
}

/// Of length 1; zero if nothing moves.
std::vector<double> GradientCheck::random_direction(std::size_t first, std::size_t last, std::uint64_t number) const {
  core::RandomStream stream(options_.seed, core::Purpose::gradient_check, static_cast<std::uint32_t>(first),
                            static_cast<std::uint32_t>(number));
  std::vector<double> v(last - first);
  for (std::size_t i = 0; i < v.size(); ++i) {
    const double drawn = 2 * stream.uniform() - 1;
    v[i] = moves_(first + i) ? drawn : 0;
  }
  const double length = std::sqrt(dot(v, v));
  for (double& element : v) {
    element /= length > 0 ? length : 1;
  }
  return v;
}

/// Half of them those with the largest partial derivatives, where a wrong factor shows most; the others at random, for
/// a derivative that is lacking shows nowhere else.
std::vector<std::size_t> GradientCheck::choose_coordinates(std::size_t first, std::size_t last) const {
  std::size_t moving = 0;
  for (std::size_t i = first; i < last; ++i) {
    moving += moves_(i) ? 1 : 0;
  }
  const std::size_t count = std::min<std::size_t>(options_.coordinates, moving);
  std::vector<std::size_t> chosen = largest(first, last, count == moving ? count : (count + 1) / 2);
  core::RandomStream stream(options_.seed, core::Purpose::gradient_check, static_cast<std::uint32_t>(first), 0);
  while (chosen.size() < count) {
    const std::size_t drawn = first + stream.below(last - first);
    if (moves_(drawn) && std::ranges::find(chosen, drawn) == chosen.end()) {
      chosen.push_back(drawn);
    }
  }
  std::ranges::sort(chosen);
  return chosen;
}

/// Those of the largest partial derivatives.
std::vector<std::size_t> GradientCheck::largest(std::size_t first, std::size_t last, std::size_t count) const {
  std::vector<std::size_t> found;  // a heap with the smallest of them in front
  const auto larger = [&](std::size_t a, std::size_t b) {
    const double of_a = std::abs(gradient_[a]);
    const double of_b = std::abs(gradient_[b]);
    return of_a != of_b ? of_a > of_b : a < b;
  };
  for (std::size_t i = first; i < last && count > 0; ++i) {
    if (!moves_(i) || (found.size() == count && !larger(i, found.front()))) {
      continue;
    }
    if (found.size() == count) {
      std::ranges::pop_heap(found, larger);
      found.pop_back();
    }
    found.push_back(i);
    std::ranges::push_heap(found, larger);
  }
  return found;
}

Probe GradientCheck::probe(const Line& line) {
  const auto part = [&](const auto& vector) {
    return std::span<const double>(vector).subspan(line.first, line.v.size());
  };
  const double scale = scale_of(part(x_), line.v);
  std::vector<Step> steps;
  const Step* best = nullptr;
  for (double h = first_step * scale; steps.size() < most_steps; h /= ratio) {
    const double right = value_at(line, h);
    const double left = value_at(line, -h);
    Step step{h, (right - left) / (2 * h), (value_ - left) / h, (right - value_) / h};
    if (!steps.empty()) {
      judge(steps.back(), noise_, step);
    }
    steps.push_back(step);
    best = best_of(steps);
    if (steps.size() >= least_steps && best != &steps.back()) {
      break;
    }
  }
  Probe result;
  result.gradient = dot(part(gradient_), line.v);
  const Step& told = best != nullptr ? *best : steps.back();
  result.difference = told.difference;
  result.error = told.error;
  result.step = told.h;
  result.left_slope = told.left_slope;
  result.right_slope = told.right_slope;
  if (best != nullptr) {
    result.finding = compare(result.gradient, steps, *best);
  } else if (told.kink) {
    result.at_kink = true;
    const bool is_axis = line.v.size() == 1;
    result.finding = !is_axis || lies_between(result.gradient, told, noise_) ? Finding::kink : Finding::differs;
  }
  return result;
}

}  // namespace cauchy::optimize

#pragma once
/// Whether a gradient is the derivative of its function: by the limit that defines derivatives.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/optimize/method.hpp"

namespace cauchy::optimize {

struct GradientCheckOptions {
  std::uint64_t seed = 1;
  std::uint64_t directions = 3;          ///< random ones, of each part of x
  std::uint64_t coordinates = 8;         ///< of each part: half of them those of the largest partial derivatives
  std::function<void()> probed = [] {};  ///< called after each probe
};

enum class Finding {
  agrees,      ///< and a derivative that is wrong by 0.1 % would not
  flat,        ///< the derivative is 0, and J the same at all steps: nothing that a wrong factor could show in
  unresolved,  ///< agrees within the error of differences, which is above 0.1 % of the derivative
  kink,        ///< J has another derivative on each side; that of a coordinate lies between them
  differs,
};

/// One derivative ∇_v J, as the gradient has it and as J itself has it.
struct Probe {
  std::optional<std::size_t> coordinate;  ///< v is its axis; none: v is random, of length 1
  Finding finding = Finding::unresolved;
  bool at_kink = false;    ///< no h is free of one
  double gradient = 0;     ///< ∇J·v
  double difference = 0;   ///< D(h) of GradientCheck, at the h with the smallest error; of a kink at the smallest h
  double error = 0;        ///< of the difference, as estimated
  double step = 0;         ///< that h
  double left_slope = 0;   ///< (J(x) - J(x - h·v))/h
  double right_slope = 0;  ///< (J(x + h·v) - J(x))/h

  /// Decimal digits that gradient and difference share, from 0 to 16.
  double digits() const;
};

/// Holds ∇J(x) against differences of J, along coordinates and random directions v:
///
///     ∇J·v = ∇_v J = lim D(h),  D(h) = (J(x + h·v) - J(x - h·v))/2h,  h → 0
///
/// h goes down by eighths from 2^-7·s to 2^-25·s or, where that still helps, to 2^-40·s; s is the power of two from
/// max(1, ‖x‖) on, the norm over those elements that v moves. The error of a difference is taken to be
///
///     e(h) = |D(h) - D(8·h)|/7 + 3·η/h
///
/// The first term bounds what is left of an error that falls at least like h, as that of smooth functions (h²) and that
/// of kinks between x and x ± h·v do; the second is rounding, where η is the noise in values of J, measured by fourth
/// differences over steps too small to change anything else (J. Moré, S. Wild, "Estimating computational noise", SIAM
/// J. Sci. Comput. 33 (2011)). Of all h the one with the smallest e counts. A probe differs if |∇J·v - D| > 10·e +
/// 10^-9 of the larger: e is an estimate, and may be too small by some factor; the rest is the rounding of ∇J itself.
///
/// Kinks: where J has one at x, as with relu and an input of exactly 0, the slopes to both sides keep apart however
/// small h is, while elsewhere they approach each other like h. An h at which they are more than half as far apart as
/// at 8·h, noise set aside, has a kink within reach; it and all larger ones do not count. If none is left, there is no
/// derivative to compare with, and the probe is called a kink; a partial derivative has to lie between the slopes all
/// the same.
///
/// All functions evaluate J, which may be collective: every rank calls them alike, and gets the same bits where J and
/// ∇J have the same.
class GradientCheck {
 public:
  /// Which elements of x probes move; the others are kept as they are, such as where J is known to have a kink.
  using Moves = std::function<bool(std::size_t element)>;

  /// Evaluates ∇J(x). The objective must outlive the check. Throws what the objective throws.
  GradientCheck(Objective<double>& objective, std::span<const double> x, const GradientCheckOptions& options,
                Moves moves);

  /// Probes of elements [first, last) alone: coordinates, in ascending order, and directions.
  std::vector<Probe> check_part(std::size_t first, std::size_t last);

  /// Probes along directions in the whole of x.
  std::vector<Probe> check_whole();

  double value() const { return value_; }  ///< J(x)
  double noise() const { return noise_; }  ///< η
  std::span<const double> gradient() const { return gradient_; }
  std::uint64_t evaluations() const { return evaluations_; }

 private:
  /// J on the line x + t·v, where v is zero outside of [first, first + size).
  struct Line {
    std::size_t first = 0;
    std::span<const double> v;
  };

  double value_at(const Line& line, double t);
  void measure_noise();
  std::vector<std::size_t> choose_coordinates(std::size_t first, std::size_t last) const;
  std::vector<std::size_t> largest(std::size_t first, std::size_t last, std::size_t count) const;
  std::vector<Probe> probe_directions(std::size_t first, std::size_t last);
  std::vector<double> random_direction(std::size_t first, std::size_t last, std::uint64_t number) const;
  Probe probe(const Line& line);

  Objective<double>& objective_;
  GradientCheckOptions options_;
  Moves moves_;
  linear_algebra::AlignedVector<double> x_;
  linear_algebra::AlignedVector<double> trial_;  ///< x between evaluations
  linear_algebra::AlignedVector<double> gradient_;
  linear_algebra::AlignedVector<double> unused_;  ///< gradients elsewhere than at x
  double value_ = 0;
  double noise_ = 0;
  std::uint64_t evaluations_ = 0;
};

}  // namespace cauchy::optimize

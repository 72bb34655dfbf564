#pragma once
/// ε as a function of the step.

#include <cstdint>

#include "cauchy/optimize/options.hpp"

namespace cauchy::optimize {

/// What plateau remembers between epochs.
struct PlateauState {
  std::uint64_t reductions = 0;  ///< how often ε was made smaller
  std::uint64_t waited = 0;      ///< epochs since the lowest NLL, or the last reduction
  std::uint64_t measured = 0;    ///< epochs whose NLL was measured
  double best = 0;               ///< the lowest NLL of them

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& field) {
    auto& [reductions, waited, measured, best] = self;
    field("reductions", reductions);
    field("waited", waited);
    field("measured", measured);
    field("best", best);
  }
  bool operator==(const PlateauState&) const = default;
};

/// With step k = 1, 2, ..., w = warmup_steps, t = k - 1 - w, T = schedule_steps - w, s = decay_steps, γ = decay, f =
/// final_factor; ε·k/w for k ≤ w, and then
///
///     constant      ε
///     step          ε·γ^⌊t/s⌋
///     exponential   ε·γ^(t/s)
///     inverse_time  ε/(1 + t/s)                             H. Robbins, S. Monro, Ann. Math. Stat. 22 (1951)
///     cosine        ε·(f + (1 - f)·(1 + cos(π·t/T))/2)      I. Loshchilov, F. Hutter, ICLR 2017, arXiv:1608.03983
///     linear        ε·(f + (1 - f)·(1 - t/T))
///     one_cycle     cosine, from ε/25 up to ε over the warm-up: half a cosine too     L. Smith, arXiv:1708.07120
///     plateau       ε·γ^(reductions)
///
/// t/T is at most 1. The same bits on every rank: the C library's pow and cos of equal numbers.
class Schedule {
 public:
  /// ε as it is.
  explicit Schedule(double learning_rate);
  /// The numbers of steps must be there where the schedule uses them.
  Schedule(double learning_rate, const ScheduleOptions& options);

  /// ε of step `number`, counted from 1.
  double rate(std::uint64_t number, const PlateauState& plateau) const;

  /// What an epoch with this NLL of the validation data, the same on every rank, makes of the plateau's state.
  void note_validation(double nll, PlateauState& plateau) const;

 private:
  double factor(std::uint64_t number, const PlateauState& plateau) const;

  double learning_rate_;
  ScheduleOptions options_;
};

}  // namespace cauchy::optimize

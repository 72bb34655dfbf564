#pragma once
/// Where the time of a run went.

#include <string>

#include "cauchy/core/timer.hpp"

namespace cauchy::reporting {

/// Seconds over all ranks.
struct PhaseSummary {
  core::PhaseSeconds minimum;
  core::PhaseSeconds mean;
  core::PhaseSeconds maximum;
  double wall_seconds = 0;
};

/// A table with a row a phase and one for the rest: seconds (mean, smallest and largest over ranks), share of the wall
/// clock.
std::string phase_table(const PhaseSummary& summary);

}  // namespace cauchy::reporting

#pragma once
/// What a run of training tells when it ends.

#include <string>

#include "cauchy/checkpoint/observer.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/channel.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/model/layout.hpp"
#include "cauchy/training/observer.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::cli {

/// Collective. Where the time of all ranks went, as lines of text: a table of the phases, and what went on beside them.
std::string time_text(const communication::Communicator& ranks, const core::PhaseSeconds& seconds, double wall_seconds,
                      const communication::OverlapSeconds& overlap);

/// Of information, from nats.
double bits(double nats);

/// How the last step left the run. The references need to live as long as the call.
template <typename Real>
struct RunEnd {
  const Settings& settings;
  const model::ParameterLayout& layout;
  const training::TrainingState<Real>& state;
  const training::StepReport& last;
  const checkpoint::CheckpointObserver<Real>& checkpoints;
  std::vector<std::string> metrics;
};

/// Why the run stopped, what it reached, and which files it left.
template <typename Real>
std::string end_text(const RunEnd<Real>& end);

}  // namespace cauchy::cli

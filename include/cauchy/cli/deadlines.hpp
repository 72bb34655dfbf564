#pragma once
/// When a run has to end.

#include <vector>

#include "cauchy/core/timer.hpp"
#include "cauchy/training/options.hpp"
#include "cauchy/training/stopping.hpp"

namespace cauchy::cli {

/// stop.max_seconds, and when the batch system will end the job, if it says so. In seconds since the launch.
std::vector<training::Deadline> deadlines(const training::StopOptions& options, const core::Timer& launch);

}  // namespace cauchy::cli

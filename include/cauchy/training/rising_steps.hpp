#pragma once
/// The steps of a range test of learning rates.

#include <cstdint>
#include <functional>

#include "cauchy/communication/channel.hpp"
#include "cauchy/data/sampler.hpp"
#include "cauchy/optimize/method.hpp"
#include "cauchy/optimize/range_test.hpp"
#include "cauchy/training/objective.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::training {

template <typename Real>
struct RisingParts {
  communication::Channel& channel;
  optimize::Method<Real>& method;
  DistributedObjective<Real>& objective;
  const data::Sampler& sampler;
};

/// Collective. Takes steps from a state at the start of training with the rates of the test, until it ends, in as many
/// epochs as that takes. Divergence ends the test, unless it comes with the first step: then J itself is not finite,
/// and the objective's error is thrown. `tested` is called after each step, with their number. The same on every rank.
template <typename Real>
void take_rising_steps(const RisingParts<Real>& parts, TrainingState<Real>& state, optimize::RangeTest& test,
                       const std::function<void(std::uint64_t)>& tested);

}  // namespace cauchy::training

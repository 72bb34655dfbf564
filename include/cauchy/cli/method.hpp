#pragma once
/// From the settings to the method of a run and its schedule.

#include <cstdint>
#include <memory>
#include <span>

#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/model/layout.hpp"
#include "cauchy/optimize/method.hpp"
#include "cauchy/training/objective.hpp"
#include "cauchy/training/shares.hpp"

namespace cauchy::cli {

/// Collective. For the rank's share of parameters of this layout. Throws an agreed core::UserError if options do not go
/// together.
template <typename Real>
std::unique_ptr<optimize::Method<Real>> make_method(const communication::Communicator& ranks, const Settings& settings,
                                                    const model::ParameterLayout& layout,
                                                    const training::Shares& shares = {});

/// Throws an agreed core::UserError if the method needs one objective, and a step has another than the next; or if it
/// needs second derivatives, which the model, for this reason, does not have: Model::hessian_fault.
void check_method(const Settings& settings, std::uint64_t steps_per_epoch, const std::string& hessian_fault);

/// Collective. Puts numbers in place of `auto` in the options of the schedule, where it uses them. Throws an agreed
/// core::UserError if it lacks a number of steps, or validation data.
void settle_schedule(const communication::Communicator& ranks, Settings& settings, std::uint64_t steps_per_epoch);

/// Collective. Puts one over the largest curvature of J at `theta` in place of `auto`, and tells it. Throws the
/// objective's errors, and an agreed core::UserError if J does not bend there.
template <typename Real>
void settle_learning_rate(const communication::Communicator& ranks, Settings& settings,
                          training::DistributedObjective<Real>& objective, std::span<const Real> theta);

}  // namespace cauchy::cli

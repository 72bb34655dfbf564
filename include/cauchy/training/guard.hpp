#pragma once
/// Whether all ranks still hold the same state.

#include "cauchy/communication/channel.hpp"
#include "cauchy/training/shares.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::training {

/// Collective. Compares a fingerprint of the whole state across ranks: one pass over Θ and the method's vectors, and an
/// allreduce of two numbers. All ranks compute the same state; if they do not hold the same, memory,
/// a processor or a library of one of them has failed. With divided `shares` each of the method's numbers is on one
/// rank alone, and what an update makes of them is not compared. Then throws an agreed core::Error with code lost that
/// names the ranks that differ from most of the others, and their hosts.
template <typename Real>
void require_same_state(communication::Channel& channel, const TrainingState<Real>& state, const Shares& shares = {});

}  // namespace cauchy::training

#pragma once
/// The state that one rank has read, on every rank; and back again.

#include "cauchy/communication/communicator.hpp"
#include "cauchy/training/shares.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::training {

/// Collective. Replaces the state by that of the root. Vectors of the method must have the root's number and lengths
/// already, as Method::start gives them; standardisation and units may differ in length. Residuals stay where they are.
/// With divided `shares` each rank takes its own of the method's vectors, which are whole on the root before.
template <typename Real>
void broadcast_state(const communication::Communicator& ranks, TrainingState<Real>& state, const Shares& shares = {});

/// Collective. Makes state.whole_slots on the root, where shares are divided.
template <typename Real>
void gather_slots(const communication::Communicator& ranks, TrainingState<Real>& state, const Shares& shares);

}  // namespace cauchy::training

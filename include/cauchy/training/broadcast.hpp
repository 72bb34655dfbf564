#pragma once
/// The state that one rank has read, on every rank.

#include "cauchy/communication/communicator.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::training {

/// Collective. Replaces the state by that of the root. Vectors of the method must have the root's number and lengths
/// already, as Method::start gives them; standardisation and units may differ in length. Residuals stay where they are.
template <typename Real>
void broadcast_state(const communication::Communicator& ranks, TrainingState<Real>& state);

}  // namespace cauchy::training

#pragma once
/// Local work that may fail on some ranks only.

#include <functional>

#include "cauchy/communication/communicator.hpp"

namespace cauchy::communication {

/// Collective. Runs `work`, which must not communicate, on every rank. If it threw anywhere, every rank throws the
/// error of the lowest rank that failed, with that rank's number if it is not the root, marked as agreed, so that no
/// rank is left behind in a later collective.
void agree(const Communicator& ranks, const std::function<void()>& work);

/// Collective. The same for work of the root alone.
void agree_on_root(const Communicator& ranks, const std::function<void()>& work);

}  // namespace cauchy::communication

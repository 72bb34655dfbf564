#pragma once
/// The end of a job by an error that one rank alone knows of.

#include "cauchy/communication/communicator.hpp"

namespace cauchy::cli {

/// Within a handler: tells the error that is handled there, upon which the ranks have not agreed, and ends them all.
/// Other ranks may be waiting for this one in a collective: nothing else is safe.
[[noreturn]] void fail_alone(const communication::Communicator& ranks) noexcept;

}  // namespace cauchy::cli

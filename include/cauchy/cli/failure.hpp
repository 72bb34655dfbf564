#pragma once
/// The end of a job by an error.

#include <functional>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::cli {

/// Within a handler: tells the error that is handled there, upon which the ranks have not agreed, and ends them all.
/// Other ranks may be waiting for this one in a collective: nothing else is safe.
[[noreturn]] void fail_alone(const communication::Communicator& ranks) noexcept;

/// Collective. The exit code of `work`; of an error that all ranks agree on, which the root tells. Any other ends every
/// rank of the job.
core::ExitCode end_in_order(const communication::Communicator& ranks, const std::function<core::ExitCode()>& work);

}  // namespace cauchy::cli

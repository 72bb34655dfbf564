#pragma once
/// The end of a job that cannot go on.

#include "cauchy/communication/communicator.hpp"

namespace cauchy::communication {

/// Collective. From now on until the session ends, a thread of each rank watches whether the job goes on. It ends the
/// job with exit code 5 and a message that names the ranks at fault
///   - when a process has ended in any way but with its session or through abort(): within two seconds;
///   - when no rank has noted progress (core/activity) for `seconds`: one is stopped, cut off or waits for ever.
/// Time in which the whole job is suspended does not count. 0 seconds: nothing is watched. A second call
/// changes nothing.
///
/// Ranks report to the root over connections of their own, since MPI may be what hangs. Where these cannot be made the
/// root warns, and each rank watches itself only.
void start_watchdog(const Communicator& ranks, double seconds);

}  // namespace cauchy::communication

#pragma once
/// Requests to stop from outside: SIGUSR1, SIGTERM, SIGINT.

namespace cauchy::core {

/// From now on these signals set a flag instead of ending the process, however often they come: batch systems and
/// launchers repeat them while a checkpoint is being written. Only a second SIGINT ends the process at once, for those
/// who press Ctrl-C twice. Throws core::Error if the system refuses.
void watch_stop_signals();

/// Whether one has come.
bool stop_requested() noexcept;

}  // namespace cauchy::core

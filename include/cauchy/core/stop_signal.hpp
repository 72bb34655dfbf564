#pragma once
/// Requests to stop from outside: SIGUSR1, SIGTERM, SIGINT.

namespace cauchy::core {

/// From now on these signals set a flag instead of ending the process. A second SIGINT or SIGTERM ends it at once.
/// Throws core::Error if the system refuses.
void watch_stop_signals();

/// Whether one has come.
bool stop_requested() noexcept;

}  // namespace cauchy::core

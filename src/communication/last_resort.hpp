#pragma once
/// The end of a process that nothing else ends. Private to communication.

namespace cauchy::communication {

/// From now on the process has five seconds to end by MPI_Abort. If it does not, it says so and ends with this exit
/// code, whatever its threads do or wait for.
void limit_abort(int exit_code) noexcept;

}  // namespace cauchy::communication

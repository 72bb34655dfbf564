#pragma once
/// The end of a process that nothing else ends. Private to communication.

namespace cauchy::communication {

/// After so many seconds the process writes `words`, which must stay where they are, and ends with the exit code of a
/// lost job, whatever its threads do or wait for.
void end_process_after(unsigned seconds, const char* words) noexcept;

}  // namespace cauchy::communication

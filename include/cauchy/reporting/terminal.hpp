#pragma once
/// Whether a person watches.

namespace cauchy::reporting {

/// True if standard output goes to a terminal in the end. Open MPI gives every rank a pseudo-terminal of its own, so
/// under mpirun the launcher's output counts.
bool output_is_terminal();

}  // namespace cauchy::reporting

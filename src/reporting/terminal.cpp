// Whether a person watches.

#include "cauchy/reporting/terminal.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace cauchy::reporting {

bool output_is_terminal() {
  if (isatty(STDOUT_FILENO) == 0) {
    return false;
  }
  if (std::getenv("OMPI_COMM_WORLD_RANK") == nullptr) {
    return true;
  }
  std::error_code error;
  const auto target = std::filesystem::read_symlink("/proc/" + std::to_string(getppid()) + "/fd/1", error);
  return !error && (target.string().starts_with("/dev/pts/") || target.string().starts_with("/dev/tty"));
}

}  // namespace cauchy::reporting

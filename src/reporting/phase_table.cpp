// Where the time of a run went.

#include "cauchy/reporting/phase_table.hpp"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace cauchy::reporting {
namespace {

void write_row(std::ostream& output, const char* name, double mean, double minimum, double maximum, double wall) {
  output << "  " << std::left << std::setw(14) << name << std::right << std::fixed << std::setprecision(3)
         << std::setw(10) << mean << std::setw(10) << minimum << std::setw(10) << maximum << std::setprecision(1)
         << std::setw(8) << (wall > 0 ? 100 * mean / wall : 0) << " %\n";
}

}  // namespace

std::string phase_table(const PhaseSummary& summary) {
  std::ostringstream output;
  output << "  " << std::left << std::setw(14) << "time" << std::right << std::setw(10) << "seconds" << std::setw(10)
         << "least" << std::setw(10) << "most" << std::setw(10) << "share\n";
  double known = 0;
  for (std::size_t i = 0; i < core::phase_count; ++i) {
    const auto phase = static_cast<core::Phase>(i);
    known += summary.mean[phase];
    write_row(output, core::phase_name(phase), summary.mean[phase], summary.minimum[phase], summary.maximum[phase],
              summary.wall_seconds);
  }
  const double rest = std::max(0.0, summary.wall_seconds - known);
  write_row(output, "other", rest, rest, rest, summary.wall_seconds);
  write_row(output, "total", summary.wall_seconds, summary.wall_seconds, summary.wall_seconds, summary.wall_seconds);
  return output.str();
}

}  // namespace cauchy::reporting

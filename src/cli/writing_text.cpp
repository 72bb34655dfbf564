// What checkpoints took, in words.

#include "cauchy/cli/writing_text.hpp"

#include "cauchy/reporting/number.hpp"

namespace cauchy::cli {

std::string writing_text(const checkpoint::WritingSummary& summary) {
  using reporting::short_text;
  const storage::WritingCost& cost = summary.cost;
  return "written     " + reporting::grouped(summary.checkpoints) + " checkpoints in " +
         short_text(summary.seconds, 3) + " s, beside training\n            " +
         reporting::bytes_text(static_cast<double>(cost.bytes)) + ": " + short_text(summary.copying_seconds, 3) +
         " s in which training stood still, " + short_text(cost.writing_seconds, 3) + " s to write, " +
         short_text(cost.reading_back_seconds, 3) + " s to read back; " + short_text(summary.processor_seconds, 3) +
         " s of a processor\n";
}

}  // namespace cauchy::cli

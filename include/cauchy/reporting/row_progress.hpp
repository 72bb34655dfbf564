#pragma once
/// How far work has come that is done row by row, or by other units, for people.

#include <cstdint>
#include <iosfwd>
#include <string>

#include "cauchy/core/timer.hpp"

namespace cauchy::reporting {

/// A line on a terminal that is written over, or else one every ten seconds. Short work says nothing.
///
///     RowProgress progress(std::cout, output_is_terminal(), "predicted", rows);
///     progress.advance(done);     // "predicted 1 200 000 of 5 000 000 rows, 400 000 rows/s, 0:10 left"
class RowProgress {
 public:
  RowProgress(std::ostream& output, bool terminal, std::string verb, std::uint64_t rows, std::string unit = "rows");
  /// Ends the line that was written over.
  ~RowProgress();
  RowProgress(const RowProgress&) = delete;
  RowProgress& operator=(const RowProgress&) = delete;

  /// So many rows are done.
  void advance(std::uint64_t rows_done);

 private:
  std::ostream& output_;
  bool terminal_;
  std::string verb_;
  std::uint64_t rows_;
  std::string unit_;
  bool wrote_ = false;
  core::Timer all_;
  core::Timer last_;
};

}  // namespace cauchy::reporting

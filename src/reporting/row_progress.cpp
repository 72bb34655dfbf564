// How far work has come.

#include "cauchy/reporting/row_progress.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

#include "cauchy/reporting/number.hpp"

namespace cauchy::reporting {
namespace {

constexpr double terminal_seconds = 0.2;
constexpr double plain_seconds = 10;

}  // namespace

RowProgress::RowProgress(std::ostream& output, bool terminal, std::string verb, std::uint64_t rows, std::string unit)
    : output_(output), terminal_(terminal), verb_(std::move(verb)), rows_(rows), unit_(std::move(unit)) {}

RowProgress::~RowProgress() {
  if (terminal_ && wrote_) {
    output_ << "\r\x1b[K" << std::flush;
  }
}

void RowProgress::advance(std::uint64_t rows_done) {
  if (last_.seconds() < (terminal_ ? terminal_seconds : plain_seconds)) {
    return;
  }
  last_.restart();
  wrote_ = true;
  const double rate = static_cast<double>(rows_done) / std::max(all_.seconds(), 1e-9);
  const double left = static_cast<double>(rows_ - std::min(rows_, rows_done)) / std::max(rate, 1e-9);
  output_ << (terminal_ ? "\r" : "") << verb_ << " " << grouped(rows_done) << " of " << grouped(rows_) << " " << unit_
          << ", " << grouped(static_cast<std::uint64_t>(rate)) << " " << unit_ << "/s, " << duration_text(left)
          << " left" << (terminal_ ? "\x1b[K" : "\n") << std::flush;
}

}  // namespace cauchy::reporting

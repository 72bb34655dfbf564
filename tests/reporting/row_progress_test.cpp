// How far a pass over rows has come.

#include "cauchy/reporting/row_progress.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <sstream>
#include <thread>

namespace cauchy::reporting {
namespace {

TEST(RowProgress, ShortWorkSaysNothingInAFile) {
  std::ostringstream output;
  {
    RowProgress progress(output, false, "predicted", 100);
    progress.advance(50);
    progress.advance(100);
  }
  EXPECT_EQ(output.str(), "");
}

TEST(RowProgress, WritesOverItsLineOnATerminalAndClearsIt) {
  std::ostringstream output;
  {
    RowProgress progress(output, true, "predicted", 4000);
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
    progress.advance(1000);
  }
  EXPECT_TRUE(output.str().starts_with("\rpredicted 1 000 of 4 000 rows, ")) << output.str();
  EXPECT_TRUE(output.str().ends_with(" left\x1b[K\r\x1b[K")) << output.str();
}

}  // namespace
}  // namespace cauchy::reporting

// A request to stop sets a flag and nothing else; a second one ends the process.

#include "cauchy/core/stop_signal.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace cauchy::core {
namespace {

TEST(StopSignalDeathTest, SecondInterruptEnds) {
  EXPECT_EXIT(
      {
        watch_stop_signals();
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST(StopSignal, SetsTheFlagAndRepeatsAreHarmless) {
  EXPECT_FALSE(stop_requested());
  watch_stop_signals();
  std::raise(SIGUSR1);
  EXPECT_TRUE(stop_requested());
  std::raise(SIGUSR1);
  EXPECT_TRUE(stop_requested());
}

}  // namespace
}  // namespace cauchy::core

// A request to stop sets a flag and nothing else; only a second Ctrl-C ends the process.

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
  for (const int signal : {SIGUSR1, SIGTERM, SIGTERM, SIGINT, SIGTERM}) {
    std::raise(signal);
    EXPECT_TRUE(stop_requested());
  }
}

}  // namespace
}  // namespace cauchy::core

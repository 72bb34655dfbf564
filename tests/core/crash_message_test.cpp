// A crash ends the process with the words for it, and as ever where there are none.

#include "cauchy/core/crash_message.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <thread>

namespace cauchy::core {
namespace {

TEST(CrashMessageDeathTest, TheLastOneSpeaks) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE}) {
    const CrashMessage outer("outer");
    EXPECT_EXIT(
        {
          const CrashMessage inner("data.h5: is damaged");
          std::raise(signal);
        },
        testing::ExitedWithCode(2), "cauchy: error: data.h5: is damaged\n");
    EXPECT_EXIT(std::raise(signal), testing::ExitedWithCode(2), "outer");
  }
}

TEST(CrashMessageDeathTest, WithoutOneACrashIsACrash) {
  EXPECT_EXIT(
      {
        { const CrashMessage message("data.h5: is damaged"); }
        volatile int* nowhere = nullptr;
        *nowhere = 1;
      },
      testing::KilledBySignal(SIGSEGV), "");
}

TEST(CrashMessageDeathTest, WithoutOneASignalEndsTheProcess) {
  EXPECT_EXIT(
      {
        { const CrashMessage message("data.h5: is damaged"); }
        std::raise(SIGSEGV);
        std::_Exit(0);
      },
      testing::KilledBySignal(SIGSEGV), "");
}

TEST(CrashMessageDeathTest, OtherThreadsHaveTheirOwn) {
  const CrashMessage message("of this thread");
  EXPECT_EXIT(std::thread([] {
                volatile int* nowhere = nullptr;
                *nowhere = 1;
              }).join(),
              testing::KilledBySignal(SIGSEGV), "");
}

}  // namespace
}  // namespace cauchy::core

// What a process does is told to other threads.

#include "cauchy/core/activity.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace cauchy::core {
namespace {

TEST(Activity, ScopesNameTheOperationAndGiveBackTheOneBefore) {
  const std::string before = activity().operation;
  {
    const Doing outer("reading data");
    EXPECT_EQ(std::string(activity().operation), "reading data");
    EXPECT_FALSE(activity().waits);
    {
      const Joining inner("MPI_Barrier");
      EXPECT_EQ(std::string(activity().operation), "MPI_Barrier");
      EXPECT_TRUE(activity().waits);
    }
    EXPECT_EQ(std::string(activity().operation), "reading data");
    EXPECT_FALSE(activity().waits);
  }
  EXPECT_EQ(activity().operation, before);
}

TEST(Activity, WorkIsProgressAndAWaitOnlyOnceItIsOver) {
  const Activity start = activity();
  note_progress();
  EXPECT_EQ(activity().progress, start.progress + 1);
  {
    const Doing doing("reading data");
    EXPECT_EQ(activity().collectives, start.collectives);
  }
  EXPECT_EQ(activity().progress, start.progress + 1);
  {
    const Joining joining("MPI_Barrier");
    EXPECT_EQ(activity().collectives, start.collectives + 1);
    EXPECT_EQ(activity().progress, start.progress + 1);
  }
  EXPECT_EQ(activity().progress, start.progress + 2);
  set_step(17);
  EXPECT_EQ(activity().step, 17);
}

TEST(Activity, OtherThreadsDoNotSpeakForTheProcess) {
  const Doing doing("computing");
  const std::uint64_t collectives = activity().collectives;
  std::thread([] {
    const Joining joining("MPI_Allreduce");
    EXPECT_EQ(std::string(activity().operation), "computing");
    EXPECT_FALSE(activity().waits);
  }).join();
  EXPECT_EQ(std::string(activity().operation), "computing");
  EXPECT_EQ(activity().collectives, collectives + 1);
}

TEST(Activity, IsReadByAnotherThreadMeanwhile) {
  const std::uint64_t start = activity().progress;
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      const std::string operation = activity().operation;
      EXPECT_TRUE(operation == "first" || operation == "second" || operation == "starting") << operation;
    }
  });
  std::thread worker([] {
    for (int i = 0; i < 10000; ++i) {
      note_progress();
    }
  });
  for (int i = 0; i < 10000; ++i) {
    const Doing first("first");
    const Joining second("second");
  }
  worker.join();
  done = true;
  reader.join();
  EXPECT_EQ(activity().progress, start + 20000);
}

}  // namespace
}  // namespace cauchy::core

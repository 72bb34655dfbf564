// Threads that do one thing together.

#include "cauchy/core/thread_team.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace cauchy::core {
namespace {

TEST(ThreadTeam, EveryThreadWorksOnceACall) {
  for (const std::size_t threads : {1UL, 2UL, 3UL, 8UL}) {
    ThreadTeam team(threads);
    ASSERT_EQ(team.size(), threads);
    std::vector<int> calls(threads, 0);
    for (int round = 1; round <= 200; ++round) {
      team.run([&](std::size_t thread) { ++calls[thread]; });
      ASSERT_EQ(calls, std::vector<int>(threads, round));
    }
  }
}

TEST(ThreadTeam, TheCallerIsTheFirstThread) {
  ThreadTeam team(3);
  std::vector<std::thread::id> ids(3);
  team.run([&](std::size_t thread) { ids[thread] = std::this_thread::get_id(); });
  EXPECT_EQ(ids[0], std::this_thread::get_id());
  EXPECT_EQ(std::set<std::thread::id>(ids.begin(), ids.end()).size(), 3U);
}

TEST(ThreadTeam, OtherThreadsPrepareBeforeAnythingElse) {
  static thread_local bool prepared = false;
  ThreadTeam team(4, [] { prepared = true; });
  std::vector<int> seen(4, -1);
  team.run([&](std::size_t thread) { seen[thread] = prepared ? 1 : 0; });
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 1, 1}));
}

TEST(ThreadTeam, CutsRangesNoSmallerThanTheLeast) {
  ThreadTeam team(3);
  for (const auto& [count, least, ranges] :
       std::vector<std::array<std::size_t, 3>>{{0, 4, 1}, {7, 4, 1}, {8, 4, 2}, {11, 4, 2}, {12, 4, 3}, {100, 4, 3}}) {
    std::mutex mutex;
    std::vector<std::array<std::size_t, 2>> seen;
    team.run_ranges(count, least, [&](std::size_t first, std::size_t last) {
      const std::scoped_lock lock(mutex);
      seen.push_back({first, last});
    });
    std::ranges::sort(seen);
    ASSERT_EQ(seen.size(), ranges) << count;
    std::size_t end = 0;
    for (const auto& [first, last] : seen) {
      EXPECT_EQ(first, end);
      EXPECT_TRUE(ranges == 1 || last - first >= least) << count;
      end = last;
    }
    EXPECT_EQ(end, count);
  }
}

TEST(ThreadTeam, ThrowsWhatTheLowestThreadThrewAndGoesOn) {
  ThreadTeam team(4);
  for (int round = 0; round < 50; ++round) {
    try {
      team.run([](std::size_t thread) {
        if (thread == 1 || thread == 3) {
          throw std::runtime_error(std::to_string(thread));
        }
      });
      FAIL() << "no error";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "1");
    }
    std::vector<int> calls(4, 0);
    team.run([&](std::size_t thread) { ++calls[thread]; });
    ASSERT_EQ(calls, std::vector<int>(4, 1));
  }
}

}  // namespace
}  // namespace cauchy::core

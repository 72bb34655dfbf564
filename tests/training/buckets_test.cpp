// Buckets leave in one order, whoever delivers what first.

#include "buckets.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>
#include <vector>

#include "cauchy/core/thread_team.hpp"

namespace cauchy::training {
namespace {

using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;

/// Ten blocks in buckets of four, and what has left.
struct TenBlocks {
  explicit TenBlocks(bool at_once)
      : buckets(10, 4, at_once, [this](std::size_t first, std::size_t last) { left.emplace_back(first, last); }) {}

  Ranges left;
  Buckets buckets;
};

const Ranges all{{8, 10}, {4, 8}, {0, 4}};

TEST(Buckets, LeaveWhenTheLastShardHasDelivered) {
  TenBlocks ten(true);
  for (int step = 0; step < 2; ++step) {
    ten.left.clear();
    ten.buckets.begin(2);
    ten.buckets.complete(8, 10);
    ten.buckets.complete(4, 8);
    EXPECT_EQ(ten.left, Ranges{});
    ten.buckets.complete(8, 9);
    ten.buckets.complete(9, 10);
    EXPECT_EQ(ten.left, (Ranges{{8, 10}}));
    ten.buckets.complete(4, 8);
    EXPECT_EQ(ten.left, (Ranges{{8, 10}, {4, 8}}));
    ten.buckets.complete(0, 4);
    ten.buckets.complete(0, 4);
    EXPECT_EQ(ten.left, all);
    ten.buckets.leave_all();
    EXPECT_EQ(ten.left, all);
  }
}

TEST(Buckets, WaitForThoseBeforeThem) {
  TenBlocks ten(true);
  ten.buckets.begin(1);
  ten.buckets.complete(0, 4);
  ten.buckets.complete(4, 8);
  EXPECT_EQ(ten.left, Ranges{});
  ten.buckets.complete(8, 10);
  EXPECT_EQ(ten.left, all);
}

TEST(Buckets, LeaveTogetherWhereNotAtOnceOrWithoutSamples) {
  TenBlocks ten(false);
  ten.buckets.begin(1);
  ten.buckets.complete(8, 10);
  ten.buckets.complete(4, 8);
  ten.buckets.complete(0, 4);
  EXPECT_EQ(ten.left, Ranges{});
  ten.buckets.leave_all();
  EXPECT_EQ(ten.left, all);
  TenBlocks none(true);
  none.buckets.begin(0);
  none.buckets.leave_all();
  EXPECT_EQ(none.left, all);
}

TEST(Buckets, MissWhatWasNotDelivered) {
  TenBlocks ten(false);
  ten.buckets.begin(2);
  for (int shard = 0; shard < 2; ++shard) {
    ten.buckets.complete(8, 10);
    ten.buckets.complete(0, 4);
  }
  ten.buckets.complete(4, 8);
  EXPECT_THROW(ten.buckets.leave_all(), std::logic_error);
}

TEST(Buckets, LeaveOnceWithThreads) {
  constexpr std::size_t threads = 4;
  core::ThreadTeam team(threads);
  TenBlocks ten(true);
  for (int round = 0; round < 2000; ++round) {
    ten.left.clear();
    ten.buckets.begin(threads);
    team.run([&](std::size_t /*thread*/) {
      for (std::size_t end = 10; end > 0; --end) {
        ten.buckets.complete(end - 1, end);
      }
    });
    ASSERT_EQ(ten.left, all);
  }
}

}  // namespace
}  // namespace cauchy::training

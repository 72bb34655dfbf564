// Sums that go on beside the calling thread.

#include "cauchy/communication/channel.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <thread>
#include <vector>

#include "cauchy/core/activity.hpp"
#include "support/world.hpp"

namespace cauchy::communication {
namespace {

using test::world;
using Overlap = Channel::Overlap;

class ChannelTest : public testing::TestWithParam<Overlap> {
 protected:
  core::PhaseSeconds seconds;
  Channel channel{world(), seconds, GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Overlap, ChannelTest, testing::Values(Overlap::off, Overlap::on),
                         [](const auto& test) { return test.param == Overlap::on ? "on" : "off"; });

TEST_P(ChannelTest, WhatComesAfterSumsFindsThem) {
  for (int round = 0; round < 20; ++round) {
    std::vector<std::vector<std::int32_t>> arrays;
    for (std::size_t length : {0UL, 1UL, 70000UL, 3UL}) {
      arrays.emplace_back(length, world().rank() + round);
    }
    for (std::vector<std::int32_t>& array : arrays) {
      channel.start_sum(std::span(array));
    }
    std::int64_t largest = world().rank();
    channel.maximum(std::span(&largest, 1));
    EXPECT_FALSE(channel.is_busy());
    EXPECT_EQ(largest, world().size() - 1);
    const std::int32_t expected = world().size() * (world().size() - 1) / 2 + world().size() * round;
    for (const std::vector<std::int32_t>& array : arrays) {
      EXPECT_EQ(array, std::vector<std::int32_t>(array.size(), expected));
    }
  }
}

TEST_P(ChannelTest, SumsOfOneRankGoInTurnWithThoseOfAll) {
  std::vector<std::int64_t> all(1000, world().rank());
  std::vector<std::vector<std::int64_t>> arrays(static_cast<std::size_t>(world().size()), all);
  for (int owner = 0; owner < world().size(); ++owner) {
    channel.start_sum_on(owner, std::span(arrays[static_cast<std::size_t>(owner)]));
  }
  channel.start_sum(std::span(all));
  channel.wait();
  EXPECT_EQ(arrays[static_cast<std::size_t>(world().rank())], all);
  EXPECT_EQ(all.back(), world().size() * (world().size() - 1) / 2);
}

TEST_P(ChannelTest, WaitingTwiceIsWaitingOnce) {
  std::vector<double> values(1000, 1);
  channel.wait();
  channel.start_sum(std::span(values));
  channel.wait();
  channel.wait();
  EXPECT_EQ(values.front(), world().size());
  EXPECT_GT(seconds[core::Phase::communication], 0);
}

TEST(Channel, SumsMayBeStartedByAnyThread) {
  ASSERT_TRUE(allows_communication_thread());
  std::vector<float> values(100000, 1);
  core::PhaseSeconds seconds;
  Channel channel(world(), seconds, Overlap::on);
  std::thread starter([&] { channel.start_sum(std::span(values)); });
  starter.join();
  channel.wait();
  EXPECT_EQ(values, std::vector<float>(values.size(), static_cast<float>(world().size())));
}

TEST(Channel, TheMainThreadWaitsAndTheOtherIsCounted) {
  core::PhaseSeconds seconds;
  Channel channel(world(), seconds, Overlap::on);
  const core::Doing doing("computing");
  const std::uint64_t before = core::activity().collectives;
  std::vector<float> values(10, 1);
  channel.start_sum(std::span(values));
  EXPECT_STREQ(core::activity().operation, "computing");
  EXPECT_FALSE(core::activity().waits);
  channel.wait();
  EXPECT_EQ(core::activity().collectives, before + 1);
  EXPECT_STREQ(core::activity().operation, "computing");
  EXPECT_GT(channel.overlap_seconds().communicating, 0);
}

}  // namespace
}  // namespace cauchy::communication

// Collectives on every number of ranks.

#include "cauchy/communication/communicator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "support/world.hpp"

namespace cauchy::communication {
namespace {

using test::world;

template <typename T>
class CollectivesTest : public testing::Test {};
using Types = testing::Types<float, double, std::int32_t, std::int64_t, std::uint64_t>;
TYPED_TEST_SUITE(CollectivesTest, Types);

TYPED_TEST(CollectivesTest, SumMaximumAndBroadcast) {
  using T = TypeParam;
  const auto size = static_cast<std::size_t>(world().size());
  const auto rank = static_cast<std::size_t>(world().rank());
  for (const std::size_t count : {0UL, 1UL, 7UL, 1000UL}) {
    std::vector<T> sum(count);
    std::vector<T> maximum(count);
    std::vector<T> broadcast(count);
    for (std::size_t i = 0; i < count; ++i) {
      sum[i] = static_cast<T>(i * (rank + 1));
      maximum[i] = static_cast<T>(i + (rank + i) % size);
      broadcast[i] = static_cast<T>(world().is_root() ? i : 0);
    }
    world().sum<T>(sum);
    world().maximum<T>(maximum);
    world().broadcast<T>(broadcast);
    const std::size_t sum_of_factors = size * (size + 1) / 2;
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(sum[i], static_cast<T>(i * sum_of_factors));
      ASSERT_EQ(maximum[i], static_cast<T>(i + size - 1));
      ASSERT_EQ(broadcast[i], static_cast<T>(i));
    }
  }
}

/// Parts of 0, 3, 6, ... elements, or of as many in the reverse order of ranks.
std::vector<std::size_t> bounds_of_parts(bool reverse) {
  std::vector<std::size_t> bounds{0};
  for (int rank = 0; rank < world().size(); ++rank) {
    bounds.push_back(bounds.back() + 3 * static_cast<std::size_t>(reverse ? world().size() - 1 - rank : rank));
  }
  return bounds;
}

TEST(Communicator, PartsOfAnArrayTravelBetweenTheirRanksAndAll) {
  for (const bool reverse : {false, true}) {
    const std::vector<std::size_t> bounds = bounds_of_parts(reverse);
    std::vector<double> expected(bounds.back());
    std::iota(expected.begin(), expected.end(), 1);
    const auto rank = static_cast<std::size_t>(world().rank());
    const auto part = std::span(expected).subspan(bounds[rank], bounds[rank + 1] - bounds[rank]);

    std::vector<double> all(expected.size());
    std::ranges::copy(part, all.begin() + static_cast<std::ptrdiff_t>(bounds[rank]));
    world().exchange<double>(all, bounds);
    EXPECT_EQ(all, expected);

    std::vector<double> whole(world().is_root() ? expected.size() : 0);
    world().gather<double>(part, whole, bounds);
    EXPECT_EQ(whole, world().is_root() ? expected : std::vector<double>());

    std::vector<double> own(part.size());
    world().scatter<double>(whole, own, bounds);
    EXPECT_EQ(own, std::vector<double>(part.begin(), part.end()));
  }
}

TEST(Communicator, ASumOnOneRankLeavesTheOthersAlone) {
  const std::size_t count = (std::size_t{1} << 22) + 5;  // more than one piece
  for (int owner = 0; owner < world().size(); ++owner) {
    std::vector<std::int32_t> values(count, world().rank());
    world().sum_on<std::int32_t>(owner, values);
    const std::int32_t sum = world().size() * (world().size() - 1) / 2;
    EXPECT_TRUE(values == std::vector<std::int32_t>(count, world().rank() == owner ? sum : world().rank()));
  }
}

TEST(Communicator, LongArraysTravelInPieces) {
  const std::size_t count = (std::size_t{1} << 22) + 5;  // more than one piece
  std::vector<std::int32_t> values(count);
  std::iota(values.begin(), values.end(), 0);
  world().sum<std::int32_t>(values);
  for (const std::size_t i : {std::size_t{0}, (std::size_t{1} << 22) - 1, std::size_t{1} << 22, count - 1}) {
    EXPECT_EQ(values[i], static_cast<std::int32_t>(i) * world().size());
  }
}

TEST(Communicator, GathersTextsOfAnyLengthInTheOrderOfRanks) {
  const auto text_of = [](int rank, std::size_t length) {
    std::string text(length * static_cast<std::size_t>(rank + 1), static_cast<char>('a' + rank));
    text += '\n';
    return rank % 3 == 1 ? std::string() : text;
  };
  // The last is more than one piece.
  for (const std::size_t length : {std::size_t{0}, std::size_t{5}, (std::size_t{1} << 24) + 7}) {
    const std::vector<std::string> texts = world().gather(text_of(world().rank(), length));
    ASSERT_EQ(texts.size(), world().is_root() ? static_cast<std::size_t>(world().size()) : 0);
    for (std::size_t rank = 0; rank < texts.size(); ++rank) {
      ASSERT_TRUE(texts[rank] == text_of(static_cast<int>(rank), length)) << rank;
    }
  }
}

TEST(Communicator, BroadcastsTextFromAnyRank) {
  for (int source = 0; source < world().size(); ++source) {
    const std::string expected(static_cast<std::size_t>(source) * 1000 + 1, 'x');
    std::string text = world().rank() == source ? expected : "something else";
    world().broadcast(text, source);
    EXPECT_EQ(text, expected);
  }
}

}  // namespace
}  // namespace cauchy::communication

// Sums in memory that ranks share.

#include "cauchy/communication/shared_arrays.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <vector>

#include "support/world.hpp"

namespace {

bool refuse_memory = false;

}  // namespace

/// In place of that of the system, for this program.
extern "C" int memfd_create(const char* name, unsigned flags) {
  if (refuse_memory) {
    errno = ENOSYS;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_memfd_create, name, flags));
}

namespace cauchy::communication {
namespace {

using test::world;

template <typename T>
class SharedArraysTest : public testing::Test {
 protected:
  static std::span<T> numbers(const SharedArrays& arrays) {
    return {reinterpret_cast<T*>(arrays.own().data()), arrays.own().size() / sizeof(T)};
  }
};
using Types = testing::Types<std::int32_t, std::int64_t>;
TYPED_TEST_SUITE(SharedArraysTest, Types);

TYPED_TEST(SharedArraysTest, EachHasTheSumOfItsPart) {
  using T = TypeParam;
  const auto rank = static_cast<std::size_t>(world().rank());
  const std::size_t count = 10001;
  const auto arrays = SharedArrays::make(world(), count * sizeof(T));
  if (!arrays) {
    return;  // as the next test wants it
  }
  const std::span<T> own = this->numbers(*arrays);
  // Rank 0 has no part, and the last ones share the rest.
  const std::size_t first = rank == 0 ? 0 : (rank - 1) * 3000;
  const std::size_t last = rank == 0 ? 0 : std::min(count, rank * 3000);
  for (int round = 1; round < 20; ++round) {
    std::ranges::fill(own, static_cast<T>(world().rank() + round));
    world().barrier();
    arrays->template sum_part<T>(first, last - first);
    const int sum = world().size() * (world().size() - 1) / 2 + world().size() * round;
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(own[i], first <= i && i < last ? sum : world().rank() + round) << i;
    }
  }
}

TYPED_TEST(SharedArraysTest, BringPartsToAll) {
  const auto arrays = SharedArrays::make(world(), 8 * 3000);
  if (!arrays) {
    return;
  }
  const auto rank = static_cast<std::size_t>(world().rank());
  std::vector<std::size_t> bounds{0};  // parts of 3000, 2000, 1000 and no elements
  for (std::size_t i = 0; i < static_cast<std::size_t>(world().size()); ++i) {
    bounds.push_back(bounds.back() + 3000 - 1000 * i);
  }
  EXPECT_TRUE(arrays->holds<double>(bounds));
  EXPECT_FALSE(arrays->holds<double>(std::vector<std::size_t>{0, 10, 3011}));
  for (int round = 1; round < 20; ++round) {
    std::vector<double> values(bounds.back());
    std::fill(values.begin() + static_cast<std::ptrdiff_t>(bounds[rank]),
              values.begin() + static_cast<std::ptrdiff_t>(bounds[rank + 1]), world().rank() + round);
    arrays->exchange(std::span(values), bounds);
    for (int other = 0; other < world().size(); ++other) {
      const auto i = static_cast<std::size_t>(other);
      const std::vector<double> part(values.begin() + static_cast<std::ptrdiff_t>(bounds[i]),
                                     values.begin() + static_cast<std::ptrdiff_t>(bounds[i + 1]));
      ASSERT_EQ(part, std::vector<double>(part.size(), other + round));
    }
  }
}

TYPED_TEST(SharedArraysTest, AllSeeTheSumAgainAndAgain) {
  using T = TypeParam;
  for (const std::size_t count : {1UL, 3UL, 5000UL, 1000003UL}) {
    const auto arrays = SharedArrays::make(world(), count * sizeof(T));
    if (spans_hosts(world()) || world().size() == 1) {
      ASSERT_EQ(arrays, nullptr);
      continue;
    }
    ASSERT_NE(arrays, nullptr);
    const std::span<T> own = this->numbers(*arrays);
    ASSERT_EQ(own.size(), count);
    EXPECT_EQ(own.back(), 0);
    for (int round = 1; round < 20; ++round) {
      for (std::size_t i = 0; i < count; ++i) {
        own[i] = static_cast<T>(i % 1000) * (world().rank() + 1) - round;
      }
      world().barrier();
      arrays->template sum<T>();
      const T factor = world().size() * (world().size() + 1) / 2;
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_EQ(own[i], static_cast<T>(i % 1000) * factor - round * world().size()) << i;
      }
    }
  }
}

TEST(SharedArrays, WhatOneRankMayNotShareNobodyDoes) {
  refuse_memory = world().rank() == world().size() - 1;
  EXPECT_EQ(SharedArrays::make(world(), 1000), nullptr);
  refuse_memory = false;
  EXPECT_EQ(SharedArrays::make(world(), 1000) != nullptr, world().size() > 1 && !spans_hosts(world()));
}

}  // namespace
}  // namespace cauchy::communication

// Amounts of memory as users write them.

#include "cauchy/core/memory.hpp"

#include <gtest/gtest.h>

namespace cauchy::core {
namespace {

TEST(Memory, ReadsSizesSharesAndNoLimit) {
  EXPECT_EQ(parse_memory_limit("2GiB"), MemoryLimit{.bytes = std::uint64_t{2} << 30});
  EXPECT_EQ(parse_memory_limit("1.5 GB"), MemoryLimit{.bytes = 1'500'000'000});
  EXPECT_EQ(parse_memory_limit("100 kB"), MemoryLimit{.bytes = 100'000});
  EXPECT_EQ(parse_memory_limit("7B"), MemoryLimit{.bytes = 7});
  EXPECT_EQ(parse_memory_limit("50%"), MemoryLimit{.share = 0.5});
  EXPECT_EQ(parse_memory_limit("100 %"), MemoryLimit{.share = 1.0});
  EXPECT_EQ(parse_memory_limit("unlimited"), MemoryLimit{});
}

TEST(Memory, RefusesWhatIsNone) {
  for (const char* const text : {"", "2", "GiB", "2gib", "2GiB!", "-1GiB", "0GiB", "0%", "101%", "1e3GiB", "1e400GiB",
                                 "inf GiB", "nan%", "none", "99999999TiB", "2 GiB 3"}) {
    EXPECT_EQ(parse_memory_limit(text), std::nullopt) << text;
  }
}

TEST(Memory, KnowsThatOfTheMachine) {
  EXPECT_GT(machine_memory_bytes(), std::uint64_t{1} << 20);
  EXPECT_LT(machine_memory_bytes(), std::uint64_t{1} << 50);
}

}  // namespace
}  // namespace cauchy::core

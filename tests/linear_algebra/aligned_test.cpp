// Where memory lies, and in which pages.

#include "cauchy/linear_algebra/aligned.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace cauchy::linear_algebra {
namespace {

std::uintptr_t address(const AlignedVector<float>& values) {
  return reinterpret_cast<std::uintptr_t>(values.data());
}

/// What the kernel says of the mapping that holds the address.
std::string flags_of(std::uintptr_t address) {
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t first = 0;
    std::uintptr_t last = 0;
    char dash = 0;
    if (std::istringstream(line) >> std::hex >> first >> dash >> last && dash == '-') {
      inside = first <= address && address < last;
    } else if (inside && line.starts_with("VmFlags:")) {
      return line + " ";
    }
  }
  return {};
}

TEST(AlignedTest, StartsOnACacheLine) {
  for (const std::size_t size : {1UL, 17UL, 1000UL, 100000UL, 524288UL, 600000UL}) {
    EXPECT_EQ(address(AlignedVector<float>(size)) % alignment_bytes, 0) << size;
  }
}

TEST(AlignedTest, LargeMemoryAsksForHugePages) {
  const AlignedVector<float> small(1000);
  const AlignedVector<float> large(1 << 20);
  EXPECT_EQ(flags_of(address(small)).find(" hg "), std::string::npos);
  const bool have_huge_pages = std::filesystem::exists("/sys/kernel/mm/transparent_hugepage");
  EXPECT_EQ(flags_of(address(large)).find(" hg ") != std::string::npos, have_huge_pages) << flags_of(address(large));
}

}  // namespace
}  // namespace cauchy::linear_algebra

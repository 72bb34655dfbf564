// The fast hash: every bit and every place counts.

#include "cauchy/core/fingerprint.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace cauchy::core {
namespace {

TEST(Fingerprint, EveryFlippedBitChangesIt) {
  for (const std::size_t size : {1UL, 7UL, 8UL, 63UL, 64UL, 65UL, 200UL}) {
    std::vector<std::byte> bytes(size, std::byte{0x5a});
    const std::uint64_t whole = fingerprint(bytes);
    for (std::size_t bit = 0; bit < 8 * size; ++bit) {
      bytes[bit / 8] ^= std::byte(1U << (bit % 8));
      ASSERT_NE(fingerprint(bytes), whole) << "bit " << bit << " of " << size << " bytes";
      bytes[bit / 8] ^= std::byte(1U << (bit % 8));
    }
    EXPECT_EQ(fingerprint(bytes), whole);
  }
}

TEST(Fingerprint, LengthPlaceAndStartCount) {
  std::set<std::uint64_t> seen;
  for (std::size_t size = 0; size <= 200; ++size) {
    seen.insert(fingerprint(std::vector<std::byte>(size, std::byte{0})));
  }
  for (std::size_t place = 0; place < 200; ++place) {
    std::vector<std::byte> bytes(200, std::byte{0});
    bytes[place] = std::byte{1};
    seen.insert(fingerprint(bytes));
  }
  EXPECT_EQ(seen.size(), 401U);
  EXPECT_NE(fingerprint({}, 1), fingerprint({}, 2));
}

}  // namespace
}  // namespace cauchy::core

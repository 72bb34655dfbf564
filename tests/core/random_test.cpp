// Philox against the published vectors, and the streams drawn from it.

#include "cauchy/core/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace cauchy::core {
namespace {

// From the file kat_vectors of Random123 1.09, philox4x32 with 10 rounds.
TEST(Philox, GivesThePublishedVectors) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, FillsManyBlocksWithTheSameNumbers) {
  const PhiloxKey key{0xa4093822, 0x299f31d0};
  for (const std::size_t blocks : {16U, 48U}) {
    std::vector<std::uint32_t> words(4 * blocks);
    fill_random(words, key, 7, 0x0370734413198a2eU);
    for (std::size_t i = 0; i < blocks; ++i) {
      const PhiloxCounter block = philox4x32({static_cast<std::uint32_t>(7 + i), 0, 0x13198a2e, 0x03707344}, key);
      for (std::size_t word = 0; word < 4; ++word) {
        EXPECT_EQ(words[i / 16 * 64 + word * 16 + i % 16], block.at(word)) << i << " of " << blocks;
      }
    }
  }
}

TEST(RandomStream, IsAFunctionOfItsKey) {
  RandomStream stream(7, Purpose::shuffle, 3, 5);
  RandomStream same(7, Purpose::shuffle, 3, 5);
  std::vector<std::uint64_t> draws;
  for (int i = 0; i < 10; ++i) {
    draws.push_back(stream.next64());
    EXPECT_EQ(draws.back(), same.next64());
  }
  for (RandomStream other : {RandomStream(8, Purpose::shuffle, 3, 5), RandomStream(7, Purpose::initialization, 3, 5),
                             RandomStream(7, Purpose::shuffle, 4, 5), RandomStream(7, Purpose::shuffle, 3, 6),
                             RandomStream(7 + (std::uint64_t{1} << 32), Purpose::shuffle, 3, 5)}) {
    EXPECT_NE(draws[0], other.next64());
  }
}

TEST(RandomStream, UniformHasTheMeanAndVarianceOfTheUniformDistribution) {
  RandomStream stream(1, Purpose::initialization, 0, 0);
  constexpr int count = 100000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < count; ++i) {
    const double value = stream.uniform();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
    squares += value * value;
  }
  // Five standard errors: of the mean 1/sqrt(12 n), of the second moment sqrt(4/45 / n).
  EXPECT_NEAR(sum / count, 0.5, 5 * 0.2887 / std::sqrt(count));
  EXPECT_NEAR(squares / count, 1.0 / 3, 5 * 0.2981 / std::sqrt(count));
}

TEST(RandomStream, BelowIsUnbiased) {
  RandomStream stream(1, Purpose::shuffle, 0, 0);
  std::vector<int> counts(6, 0);
  constexpr int count = 60000;
  for (int i = 0; i < count; ++i) {
    ++counts.at(stream.below(6));
  }
  for (const int hits : counts) {
    EXPECT_NEAR(hits, 10000, 5 * std::sqrt(count * (1.0 / 6) * (5.0 / 6)));  // five standard deviations
  }
}

TEST(RandomStream, BelowReachesTheEdges) {
  RandomStream stream(1, Purpose::shuffle, 0, 0);
  EXPECT_EQ(stream.below(1), 0U);
  const std::uint64_t huge = UINT64_MAX;
  bool upper_half = false;
  for (int i = 0; i < 64; ++i) {
    upper_half = upper_half || stream.below(huge) > huge / 2;
  }
  EXPECT_TRUE(upper_half);
}

}  // namespace
}  // namespace cauchy::core

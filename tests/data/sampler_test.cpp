// Every row once an epoch, in batches of the size asked for, whatever N, V and B.

#include "cauchy/data/sampler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace cauchy::data {
namespace {

TEST(Shards, CoverAllRowsInOrderAndDifferByAtMostOne) {
  for (const std::uint64_t rows : {1UL, 7UL, 10UL, 1437UL}) {
    for (const std::uint64_t shards : {1UL, 2UL, 3UL, 4UL, 7UL}) {
      std::uint64_t next = 0;
      for (std::uint64_t shard = 0; shard < shards; ++shard) {
        const Range range = shard_rows(rows, shards, shard);
        EXPECT_EQ(range.first, next);
        EXPECT_GE(range.size(), rows / shards);
        EXPECT_LE(range.size(), rows / shards + 1);
        next = range.last;
      }
      EXPECT_EQ(next, rows);
    }
  }
}

TEST(Shards, EveryShardHasOneRank) {
  for (const std::uint64_t ranks : {1UL, 2UL, 3UL, 4UL, 5UL, 8UL}) {
    for (const std::uint64_t shards : {1UL, 4UL, 16UL}) {
      std::uint64_t next = 0;
      for (std::uint64_t rank = 0; rank < ranks; ++rank) {
        const Range range = rank_shards(shards, rank, ranks);
        EXPECT_EQ(range.first, next);
        next = range.last;
      }
      EXPECT_EQ(next, shards);
    }
  }
}

struct Case {
  std::uint64_t rows, shards, batch;
};

class SamplerCases : public testing::TestWithParam<Case> {};

TEST_P(SamplerCases, DealsEveryRowOnceInBatchesOfOneSize) {
  const auto [rows, shards, batch] = GetParam();
  const Sampler sampler({rows, shards, batch, 16, 1});
  const std::uint64_t size = batch == 0 ? rows : std::min(batch, rows);
  const std::uint64_t steps = (rows + size - 1) / size;
  ASSERT_EQ(sampler.steps_per_epoch(), steps);
  std::vector<std::uint64_t> next(shards, 0);
  for (std::uint64_t step = 0; step < steps; ++step) {
    std::uint64_t samples = 0;
    std::uint64_t smallest = rows;
    std::uint64_t largest = 0;
    for (std::uint64_t shard = 0; shard < shards; ++shard) {
      const Range part = sampler.positions(shard, step);
      ASSERT_EQ(part.first, next[shard]) << "shard " << shard << ", step " << step;
      next[shard] = part.last;
      samples += part.size();
      smallest = std::min(smallest, part.size());
      largest = std::max(largest, part.size());
    }
    ASSERT_EQ(samples, sampler.batch_samples(step));
    ASSERT_GE(samples, rows / steps);
    ASSERT_LE(samples, (rows + steps - 1) / steps);
    ASSERT_LE(samples, size);
    ASSERT_LE(largest - smallest, step + 1 == steps ? 2U : 1U);
    ASSERT_LE(largest, sampler.largest_part());
  }
  for (std::uint64_t shard = 0; shard < shards; ++shard) {
    ASSERT_EQ(next[shard], shard_rows(rows, shards, shard).size());
  }
}

INSTANTIATE_TEST_SUITE_P(Sampler, SamplerCases,
                         testing::Values(Case{10, 4, 4}, Case{10, 4, 1}, Case{10, 4, 3}, Case{10, 4, 0}, Case{1, 1, 1},
                                         Case{7, 7, 2}, Case{1437, 4, 256}, Case{1437, 16, 7}, Case{1437, 24, 5},
                                         Case{1000, 3, 999}, Case{1000, 3, 1000}, Case{1000, 3, 5000},
                                         Case{1000, 1, 64}, Case{60000, 8, 1024}, Case{11, 5, 10}, Case{13, 6, 12}));

}  // namespace
}  // namespace cauchy::data

// One order of rows, whether it is made at once, step by step, or from the middle of an epoch on.

#include "cauchy/data/row_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

namespace cauchy::data {
namespace {

using Rows = std::vector<std::uint32_t>;

Rows taken(RowOrder& order, Range positions) {
  const auto rows = order.rows(positions);
  return {rows.begin(), rows.end()};
}

Rows permutation(const Sampler& sampler, std::uint64_t shard, std::uint64_t epoch) {
  RowOrder order(sampler, shard);
  order.start(epoch);
  return taken(order, {0, shard_rows(sampler.options().rows, sampler.options().shards, shard).size()});
}

template <typename Iterator>
void shuffle(Iterator first, Iterator last, core::RandomStream& random) {
  for (auto left = last - first; left > 1; --left) {
    std::swap(first[left - 1], first[static_cast<std::ptrdiff_t>(random.below(static_cast<std::uint64_t>(left)))]);
  }
}

// The definition, all at once: blocks are shuffled, then the rows of each of them, by one stream of random numbers.
Rows reference(const SamplerOptions& options, std::uint64_t shard, std::uint64_t epoch) {
  core::RandomStream random(options.seed, core::Purpose::shuffle, static_cast<std::uint32_t>(shard),
                            static_cast<std::uint32_t>(epoch));
  const std::uint64_t rows = shard_rows(options.rows, options.shards, shard).size();
  Rows blocks((rows + options.block_rows - 1) / options.block_rows);
  std::iota(blocks.begin(), blocks.end(), 0U);
  shuffle(blocks.begin(), blocks.end(), random);
  Rows order;
  for (const std::uint64_t block : blocks) {
    const auto start = static_cast<std::ptrdiff_t>(order.size());
    for (std::uint64_t row = block * options.block_rows; row < std::min(rows, (block + 1) * options.block_rows);
         ++row) {
      order.push_back(static_cast<std::uint32_t>(row));
    }
    shuffle(order.begin() + start, order.end(), random);
  }
  return order;
}

// Rows, shards, batch, rows of a block: blocks that divide shards and such that do not, one block, blocks of one row.
const std::vector<SamplerOptions> cases{{1005, 1, 64, 100, 7}, {1000, 3, 64, 50, 7},    {1000, 3, 64, 1, 7},
                                        {1000, 3, 64, 333, 7}, {1000, 3, 64, 334, 7},   {1000, 3, 64, 5000, 7},
                                        {7, 2, 1, 2, 7},       {60000, 4, 512, 64, 11}, {60000, 4, 512, 4097, 11}};

TEST(RowOrder, IsTheDefinitionInAnySteps) {
  for (const SamplerOptions& options : cases) {
    const Sampler sampler(options);
    for (std::uint64_t shard = 0; shard < options.shards; ++shard) {
      RowOrder order(sampler, shard);
      for (const std::uint64_t epoch : {0UL, 3UL}) {
        const Rows expected = reference(options, shard, epoch);
        ASSERT_EQ(permutation(sampler, shard, epoch), expected);
        order.start(epoch);
        for (const std::uint64_t step : {1UL, 7UL, 130UL, 4096UL}) {  // each time from the start again
          for (std::uint64_t first = 0; first < expected.size(); first += step) {
            const std::uint64_t last = std::min<std::uint64_t>(expected.size(), first + step);
            ASSERT_TRUE(std::ranges::equal(order.rows({first, last}), std::span(expected).subspan(first, last - first)))
                << "rows " << first << " to " << last << " in blocks of " << options.block_rows;
          }
        }
      }
    }
  }
}

TEST(RowOrder, GoesToAnyPlace) {
  core::RandomStream random(1, core::Purpose::initialization, 0, 0);
  for (const SamplerOptions& options : cases) {
    const Sampler sampler(options);
    const Rows expected = reference(options, 0, 5);
    RowOrder order(sampler, 0);
    order.start(5);
    for (int i = 0; i < 100; ++i) {
      const std::uint64_t first = random.below(expected.size());
      const std::uint64_t last = first + 1 + random.below(expected.size() - first);
      ASSERT_TRUE(std::ranges::equal(order.rows({first, last}), std::span(expected).subspan(first, last - first)));
    }
  }
}

TEST(RowOrder, TellsTheBlocksInTheirOrder) {
  for (const SamplerOptions& options : cases) {
    const Sampler sampler(options);
    const Rows order = permutation(sampler, 0, 2);
    Rows blocks;
    for (const std::uint32_t row : order) {
      const auto block = static_cast<std::uint32_t>(row / options.block_rows);
      if (blocks.empty() || blocks.back() != block) {
        blocks.push_back(block);
      }
    }
    RowOrder told(sampler, 0);
    told.start(2);
    EXPECT_TRUE(std::ranges::equal(told.blocks(), blocks)) << options.block_rows;
  }
}

TEST(RowOrder, IsAFunctionOfSeedShardAndEpoch) {
  const Sampler sampler({1000, 3, 64, 50, 7});
  const Sampler same({1000, 3, 100, 50, 7});
  const Sampler other_seed({1000, 3, 64, 50, 8});
  const Rows order = permutation(sampler, 1, 4);
  EXPECT_EQ(order, permutation(same, 1, 4));
  EXPECT_NE(order, permutation(sampler, 1, 5));
  EXPECT_NE(order, permutation(sampler, 2, 4));
  EXPECT_NE(order, permutation(other_seed, 1, 4));
}

TEST(RowOrder, ShufflesBlocksAndRowsWithinThem) {
  const Sampler sampler({1005, 1, 64, 100, 7});
  const Rows order = permutation(sampler, 0, 0);
  EXPECT_EQ(std::set<std::uint32_t>(order.begin(), order.end()).size(), 1005U);
  RowOrder told(sampler, 0);
  told.start(0);
  EXPECT_EQ(told.blocks().size(), 11U);
  EXPECT_FALSE(std::ranges::is_sorted(told.blocks()));
  EXPECT_FALSE(std::is_sorted(order.begin(), order.begin() + 5));
}

TEST(RowOrder, AFullBatchStaysInFileOrder) {
  const Sampler sampler({100, 2, 0, 10, 7});
  Rows expected(50);
  std::iota(expected.begin(), expected.end(), 0U);
  EXPECT_EQ(permutation(sampler, 1, 3), expected);
}

}  // namespace
}  // namespace cauchy::data

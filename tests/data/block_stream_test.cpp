// Blocks come whole and in the order that was told, whatever is asked for, on several threads.

#include "cauchy/data/block_stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "support/temporary_folder.hpp"
#include "support/toy_data.hpp"

namespace cauchy::data {
namespace {

constexpr std::uint64_t rows = 103;
constexpr std::uint64_t block_rows = 8;
const std::vector<Range> shards{{0, 50}, {50, 103}};  // seven blocks each, the last of 2 and of 5 rows

class BlockStreamTest : public testing::Test {
 protected:
  BlockStreamTest() {
    toy_.write(path_);
    reader_ = make_hdf5_reader({"data.train", path_, "features", "targets"}, {rows, 3, 1});
    stream_ = std::make_unique<BlockStream<double>>(*reader_, Standardization{}, shards, block_rows);
  }

  /// Whether these are the rows of the block.
  void expect_block(std::size_t shard, std::uint32_t block) {
    const Samples<double>& samples = stream_->block(shard, block);
    const std::uint64_t first = shards[shard].first + block * block_rows;
    const Range expected{first, std::min(shards[shard].last, first + block_rows)};
    ASSERT_EQ(samples.rows, expected);
    ASSERT_EQ(samples.features.size(), 3 * expected.size());
    ASSERT_TRUE(std::equal(samples.features.begin(), samples.features.end(),
                           toy_.features.begin() + static_cast<std::ptrdiff_t>(3 * first)));
    ASSERT_TRUE(std::equal(samples.targets.begin(), samples.targets.end(),
                           toy_.target_values.begin() + static_cast<std::ptrdiff_t>(first)));
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "toy.h5";
  test::ToyData toy_{rows, 3, 4};
  std::unique_ptr<const Reader> reader_;
  std::unique_ptr<BlockStream<double>> stream_;
};

TEST_F(BlockStreamTest, GoesRoundInTheOrderOfRows) {
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t block = 0; block < 7; ++block) {
      for (std::size_t shard = 0; shard < 2; ++shard) {
        expect_block(shard, block);
        expect_block(shard, block);
      }
    }
  }
  // Each once, and perhaps the first ones of another round.
  EXPECT_GE(stream_->summary().blocks, 3 * 14U);
  EXPECT_LE(stream_->summary().blocks, 3 * 14U + 2);
}

TEST_F(BlockStreamTest, FollowsTheOrderOfEachEpoch) {
  const std::vector<std::vector<std::uint32_t>> epochs{
      {3, 1, 6, 0, 2, 5, 4}, {4, 5, 0, 6, 3, 2, 1}, {0, 6, 1, 2, 3, 4, 5}};
  for (std::size_t epoch = 0; epoch < epochs.size(); ++epoch) {
    stream_->expect(0, epochs[epoch], epochs[(epoch + 1) % 3].front());
    for (const std::uint32_t block : epochs[epoch]) {
      expect_block(0, block);
    }
  }
  // The second epoch begins with the block that the first ended with; what follows the third may have been read.
  EXPECT_GE(stream_->summary().blocks, 20U);
  EXPECT_LE(stream_->summary().blocks, 21U);
}

TEST_F(BlockStreamTest, GoesBackAndJumps) {
  stream_->expect(1, std::vector<std::uint32_t>{6, 5, 4, 3, 2, 1, 0}, 3);
  for (const std::uint32_t block : {4U, 3U, 2U, 4U, 3U, 2U, 1U, 6U, 0U, 6U, 5U}) {
    expect_block(1, block);
  }
}

TEST_F(BlockStreamTest, ThreadsTakeDifferentShards) {
  std::vector<std::thread> threads;
  for (std::size_t shard = 0; shard < 2; ++shard) {
    threads.emplace_back([this, shard] {
      for (std::uint32_t i = 0; i < 200; ++i) {
        expect_block(shard, i % 50 == 49 ? 0 : i % 7);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_F(BlockStreamTest, TellsWhatHasBecomeOfTheFile) {
  const auto fault = [this] {
    try {
      for (std::uint32_t block = 0; block < 7; ++block) {
        stream_->block(0, block);
      }
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::input_output);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(fault(), "");
  std::filesystem::rename(path_, path_ + ".away");
  EXPECT_NE(fault().find("data.train: " + path_ + " has been removed or replaced"), std::string::npos);
  std::filesystem::rename(path_ + ".away", path_);
  EXPECT_EQ(fault(), "");
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 1);
  EXPECT_NE(fault().find(" bytes long, and was "), std::string::npos);
}

}  // namespace
}  // namespace cauchy::data

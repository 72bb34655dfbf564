// Each rank reads its shards' rows; faults anywhere are told everywhere; the standardisation is one for all P.

#include "cauchy/data/dataset.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "cauchy/core/error.hpp"
#include "support/shared_folder.hpp"
#include "support/toy_data.hpp"
#include "support/world.hpp"

namespace cauchy::data {
namespace {

using test::world;

class DatasetTest : public testing::Test {
 protected:
  // Writes on the root, then lets all ranks go on.
  Source written(const test::ToyData& toy) {
    if (world().is_root()) {
      toy.write(folder_ / "toy.h5");
    }
    world().barrier();
    return {"data.train", folder_ / "toy.h5", "features", "targets"};
  }

  // The message of the agreed error that loading gives on every rank.
  static std::string fault_of(const Source& source, std::uint64_t shards) {
    try {
      const Dataset<float> dataset(world(), source, source_shape(source), shards);
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::user_error);
      return error.what();
    }
    return "no fault";
  }

  test::SharedFolder folder_;
};

TEST_F(DatasetTest, HoldsTheRowsOfItsShards) {
  const test::ToyData toy(23, 3, 4);
  const Source source = written(toy);
  const SourceShape shape = source_shape(source);
  EXPECT_EQ(shape, (SourceShape{23, 3, 1}));
  for (const std::uint64_t shards : {1UL, 4UL, 5UL, 23UL}) {
    Dataset<double> dataset(world(), source, shape, shards);
    std::vector<double> seen(23, 0.0);
    for (std::uint64_t shard = dataset.local_shards().first; shard < dataset.local_shards().last; ++shard) {
      const Range rows = dataset.rows_of(shard);
      const model::Batch<double> batch = dataset.gather(shard, Range{0, rows.size()});
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(batch.features.data) % 64, 0U);
      for (std::uint64_t i = 0; i < rows.size(); ++i) {
        const std::uint64_t row = rows.first + i;
        seen[row] += 1;
        for (std::uint64_t column = 0; column < 3; ++column) {
          ASSERT_EQ(batch.features(i, column), toy.features[row * 3 + column]);
        }
        ASSERT_EQ(batch.targets(i, 0), toy.target_values[row]);
      }
    }
    world().sum<double>(seen);
    EXPECT_EQ(seen, std::vector<double>(23, 1.0));
  }
}

TEST_F(DatasetTest, GathersInTheOrderAskedFor) {
  const test::ToyData toy(12, 2, 3);
  Dataset<float> dataset(world(), written(toy), {12, 2, 1}, 4);
  const std::vector<std::uint32_t> order{2, 0};
  for (std::uint64_t shard = dataset.local_shards().first; shard < dataset.local_shards().last; ++shard) {
    const model::Batch<float> batch = dataset.gather(shard, order);
    ASSERT_EQ(batch.samples(), 2U);
    EXPECT_EQ(batch.features(0, 1), static_cast<float>(toy.features[(shard * 3 + 2) * 2 + 1]));
    EXPECT_EQ(batch.features(1, 0), static_cast<float>(toy.features[shard * 3 * 2]));
  }
}

TEST_F(DatasetTest, TellsTheFirstBadNumberWithRowAndColumn) {
  test::ToyData toy(20, 3, 4);
  toy.features[17 * 3 + 2] = std::numeric_limits<double>::infinity();
  toy.features[13 * 3 + 1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(fault_of(written(toy), 4).find("/features holds NaN at row 13, column 1"), std::string::npos);
}

TEST_F(DatasetTest, StandardizationIsThatOfAllRowsAndTheSameForAllRankCounts) {
  test::ToyData toy(101, 3, 4);
  for (std::uint64_t row = 0; row < toy.rows; ++row) {
    toy.features[row * 3 + 1] = 0.1;  // a constant column, not exact in binary
  }
  Dataset<double> dataset(world(), written(toy), {101, 3, 1}, 7);
  const Standardization measured = measure_standardization<double>(world(), {101, 3, 1}, 7, dataset.samples());
  for (std::uint64_t column = 0; column < 3; ++column) {
    long double mean = 0;
    long double variance = 0;
    for (std::uint64_t row = 0; row < toy.rows; ++row) {
      mean += toy.features[row * 3 + column] / 101.0L;
    }
    for (std::uint64_t row = 0; row < toy.rows; ++row) {
      const long double deviation = toy.features[row * 3 + column] - mean;
      variance += deviation * deviation / 101.0L;
    }
    // Sums of 101 terms of size 3 in double: a hundred roundings of 2^-53 each, relative.
    EXPECT_NEAR(measured.mean[column], static_cast<double>(mean), 1e-13);
    const double expected = column == 1 ? 1.0 : static_cast<double>(1 / std::sqrt(variance));
    EXPECT_NEAR(measured.scale[column], expected, 1e-12);
  }
  // What one rank alone finds: shard by shard, in shard order.
  std::vector<double> mean(3, 0.0);
  for (std::uint64_t shard = 0; shard < 7; ++shard) {
    std::vector<double> sum(3, 0.0);
    const Range rows = shard_rows(101, 7, shard);
    for (std::uint64_t row = rows.first; row < rows.last; ++row) {
      for (std::uint64_t column = 0; column < 3; ++column) {
        sum[column] += toy.features[row * 3 + column];
      }
    }
    for (std::uint64_t column = 0; column < 3; ++column) {
      mean[column] += sum[column];
    }
  }
  for (std::uint64_t column = 0; column < 3; ++column) {
    EXPECT_EQ(measured.mean[column], mean[column] / 101.0);  // to the last bit
  }
}

TEST_F(DatasetTest, SourceFaultsAreToldInWords) {
  const auto fault = [&](const Source& source) {
    try {
      source_shape(source);
    } catch (const core::UserError& error) {
      return std::string(error.what());
    }
    return std::string("no fault");
  };
  const test::ToyData toy(6, 2, 3);
  const Source good = written(toy);
  if (world().is_root()) {
    std::ofstream(folder_ / "text.h5") << "this is not HDF5";
    storage::File file = storage::File::create(folder_ / "uneven.h5");
    const std::vector<double> numbers(10, 1.0);
    file.write<double>("/features", {5, 2}, numbers);
    file.write<double>("/targets", {4}, std::span(numbers).first(4));
    file.write<double>("/nothing", {0, 2}, {});
    file.write_text("/words", "text");
    file.close();
  }
  world().barrier();
  const auto with = [&](const std::string& path, const std::string& features, const std::string& targets) {
    return fault({"data.test", path, features, targets});
  };
  EXPECT_NE(with(folder_ / "absent.h5", "features", "targets").find("no such file"), std::string::npos);
  EXPECT_NE(with(folder_ / "", "features", "targets").find("is a folder"), std::string::npos);
  EXPECT_NE(with(folder_ / "text.h5", "features", "targets").find("is not an HDF5 file"), std::string::npos);
  EXPECT_NE(with(good.path, "pixels", "targets").find("no dataset /pixels (data.features)"), std::string::npos);
  EXPECT_NE(with(good.path, "features", "labels").find("the file holds: features, targets"), std::string::npos);
  EXPECT_NE(with(folder_ / "uneven.h5", "features", "targets").find("/features is (5 × 2), /targets is (4)"),
            std::string::npos);
  EXPECT_NE(with(folder_ / "uneven.h5", "words", "targets").find("does not hold numbers"), std::string::npos);
  EXPECT_NE(with(folder_ / "uneven.h5", "nothing", "nothing").find("is empty"), std::string::npos);
}

}  // namespace
}  // namespace cauchy::data

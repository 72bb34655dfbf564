// Each rank reads its shards' rows; faults anywhere are told everywhere; the standardisation is one for all P.

#include "cauchy/data/dataset.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "cauchy/core/error.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/storage/descriptor.hpp"
#include "cauchy/storage/seal.hpp"
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
    world().barrier();  // others may still be reading the file before
    if (world().is_root()) {
      std::filesystem::remove(folder_ / "toy.h5");
      toy.write(folder_ / "toy.h5");
    }
    world().barrier();
    return {"data.train", folder_ / "toy.h5", "features", "targets"};
  }

  // The message of the agreed error that loading gives on every rank.
  static std::string fault_of(const Source& source, std::uint64_t shards) {
    try {
      const Dataset<float> dataset(world(), make_hdf5_reader(source, hdf5_shape(source)), shards, {});
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
  const SourceShape shape = hdf5_shape(source);
  EXPECT_EQ(shape, (SourceShape{23, 3, 1}));
  for (const std::uint64_t shards : {1UL, 4UL, 5UL, 23UL}) {
    Dataset<double> dataset(world(), make_hdf5_reader(source, shape), shards, {});
    std::vector<double> seen(23, 0.0);
    for (std::uint64_t shard = dataset.local_shards().first; shard < dataset.local_shards().last; ++shard) {
      const Range rows = dataset.rows_of(shard);
      BatchBuffer<double> buffer;
      const model::Batch<double> batch = dataset.gather(shard, Range{0, rows.size()}, buffer);
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(batch.features.dense.data) % 64, 0U);
      for (std::uint64_t i = 0; i < rows.size(); ++i) {
        const std::uint64_t row = rows.first + i;
        seen[row] += 1;
        for (std::uint64_t column = 0; column < 3; ++column) {
          ASSERT_EQ(batch.features.dense(i, column), toy.features[row * 3 + column]);
        }
        ASSERT_EQ(batch.observed.targets(i, 0), toy.target_values[row]);
      }
    }
    world().sum<double>(seen);
    EXPECT_EQ(seen, std::vector<double>(23, 1.0));
  }
}

TEST_F(DatasetTest, FeaturesAloneNeedNoTargets) {
  const test::ToyData toy(23, 3, 4);
  Source source = written(toy);
  source.targets = "nowhere";
  EXPECT_NE(fault_of(source, 1), "no fault");
  source.features_alone = true;
  EXPECT_EQ(hdf5_shape(source), (SourceShape{23, 3, 0}));
  const auto reader = make_hdf5_reader(source, hdf5_shape(source));
  const Samples<double> samples = read_samples<double>(*reader, {5, 12}, {});
  EXPECT_EQ(samples.targets.size(), 0U);
  for (std::uint64_t i = 0; i < 7 * 3; ++i) {
    ASSERT_EQ(samples.features[i], toy.features[5 * 3 + i]);
  }
}

TEST_F(DatasetTest, GathersInTheOrderAskedFor) {
  const test::ToyData toy(12, 2, 3);
  Dataset<float> dataset(world(), make_hdf5_reader(written(toy), {12, 2, 1}), 4, {});
  const std::vector<std::uint32_t> order{2, 0};
  BatchBuffer<float> buffer;
  for (std::uint64_t shard = dataset.local_shards().first; shard < dataset.local_shards().last; ++shard) {
    const model::Batch<float> batch = dataset.gather(shard, order, buffer);
    ASSERT_EQ(batch.samples(), 2U);
    EXPECT_EQ(batch.features.dense(0, 1), static_cast<float>(toy.features[(shard * 3 + 2) * 2 + 1]));
    EXPECT_EQ(batch.features.dense(1, 0), static_cast<float>(toy.features[shard * 3 * 2]));
  }
}

TEST_F(DatasetTest, TellsTheFirstBadNumberWithRowAndColumn) {
  test::ToyData toy(20, 3, 4);
  toy.features[17 * 3 + 2] = std::numeric_limits<double>::infinity();
  toy.features[13 * 3 + 1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(fault_of(written(toy), 4).find("/features holds NaN at row 13, column 1"), std::string::npos);
}

TEST_F(DatasetTest, VerifiesASealedFileTogether) {
  const std::string path = folder_ / "sealed.h5";
  const Source source{"data.train", path, "features", "targets"};
  const std::vector<float> values(1000, 1.25F);
  const auto fault = [&] {
    world().barrier();
    try {
      verify(world(), source);
    } catch (const core::Error& error) {
      EXPECT_TRUE(error.agreed());
      EXPECT_EQ(error.code(), core::ExitCode::user_error);
      return std::string(error.what());
    }
    return std::string();
  };
  const auto on_root = [](auto work) {
    world().barrier();
    if (world().is_root()) {
      work();
    }
  };
  const auto damage = [&](std::uint64_t place) {
    storage::Descriptor file = storage::Descriptor::open_to_change(path);
    std::byte byte{};
    file.read_at(place, {&byte, 1});
    byte ^= std::byte{1};
    file.write_at(place, {&byte, 1});
  };
  on_root([&] {
    storage::write_sealed(path, sealed_data,
                          [&](storage::File& file) { file.write<float>("/features", {values.size()}, values); });
  });
  EXPECT_EQ(fault(), "");
  // In the part of each rank: every bit counts once.
  const std::uint64_t length = std::filesystem::file_size(path);
  for (const std::uint64_t place : {std::uint64_t{512}, length / 3, length / 2, length * 9 / 10, length - 1}) {
    on_root([&] { damage(place); });
    EXPECT_NE(fault().find("sealed.h5: damaged: its check sum differs"), std::string::npos) << place;
    on_root([&] { damage(place); });
    EXPECT_EQ(fault(), "");
  }
  on_root([&] { std::filesystem::resize_file(path, length - 1); });
  EXPECT_NE(fault().find("bytes long, should be"), std::string::npos);
  on_root([&] { std::filesystem::remove(path); });
  EXPECT_NE(fault().find("no such file"), std::string::npos);
  on_root([&] { test::ToyData(23, 3, 4).write(path); });
  EXPECT_EQ(fault(), "");
}

TEST_F(DatasetTest, StandardizationIsThatOfAllRowsAndTheSameForAllRankCounts) {
  test::ToyData toy(101, 3, 4);
  for (std::uint64_t row = 0; row < toy.rows; ++row) {
    toy.features[row * 3 + 1] = 0.1;  // a constant column, not exact in binary
  }
  const Standardization measured = measure_standardization(world(), *make_hdf5_reader(written(toy), {101, 3, 1}), 7);
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
    EXPECT_NEAR(measured.scale[column], column == 1 ? 1.0 : static_cast<double>(1 / std::sqrt(variance)), 1e-12);
  }
  EXPECT_EQ(measured.mean[1], 0.1);
  // What one rank alone finds, to the last bit: shard by shard, in shard order, relative to the first row.
  for (std::uint64_t column = 0; column < 3; ++column) {
    double sum = 0;
    for (std::uint64_t shard = 0; shard < 7; ++shard) {
      double shard_sum = 0;
      const Range rows = shard_rows(101, 7, shard);
      for (std::uint64_t row = rows.first; row < rows.last; ++row) {
        shard_sum += toy.features[row * 3 + column] - toy.features[column];
      }
      sum += shard_sum;
    }
    EXPECT_EQ(measured.mean[column], toy.features[column] + sum / 101.0);
  }
}

TEST_F(DatasetTest, TargetsAreReadWithoutFeatures) {
  const test::ToyData toy(23, 3, 4);
  const Source source = written(toy);
  const auto reader = make_hdf5_reader(source, hdf5_shape(source));
  Samples<float> samples{.without_features = true};
  read_samples(*reader, {5, 12}, {}, samples);
  EXPECT_TRUE(samples.features.empty());
  EXPECT_EQ(samples.targets, read_samples<float>(*reader, {5, 12}, {}).targets);
  EXPECT_EQ(samples.targets.size(), 7);
}

TEST_F(DatasetTest, ALargeOffsetCostsNoDigits) {
  test::ToyData toy(64, 2, 4);
  for (std::uint64_t row = 0; row < toy.rows; ++row) {
    toy.features[row * 2] = 1.7e9 + static_cast<double>(row) / 4;  // seconds since 1970: one number in float
    toy.features[row * 2 + 1] = 1e9;
  }
  const Source source = written(toy);
  const Standardization measured = measure_standardization(world(), *make_hdf5_reader(source, {64, 2, 1}), 4);
  const double deviation = std::sqrt((64.0 * 64.0 - 1) / 12) / 4;  // of 0, 1, ..., 63 quarters
  EXPECT_NEAR(measured.scale[0], 1 / deviation, 1e-14);
  EXPECT_EQ(measured.scale[1], 1.0);
  const Dataset<float> dataset(world(), make_hdf5_reader(source, {64, 2, 1}), 4, measured);
  dataset.for_each_part([&](const Samples<float>& samples) {
    const auto features = samples.feature_matrix();
    for (std::uint64_t i = 0; i < features.rows; ++i) {
      const double expected = (static_cast<double>(samples.rows.first + i) - 31.5) / 4 / deviation;
      EXPECT_NEAR(features(i, 0), expected, 1.2e-7);  // a rounding to float of a number below 2
      EXPECT_EQ(features(i, 1), 0.0F);
    }
  });
}

TEST_F(DatasetTest, NumbersBeyondTheRangeAreToldAsTheyStand) {
  test::ToyData toy(20, 3, 4);
  toy.features[17 * 3 + 2] = 1e300;
  const std::string fault = fault_of(written(toy), 4);
  EXPECT_NE(fault.find("beyond the range of a float (run.precision = double has a larger one), at row 17, column 2"),
            std::string::npos)
      << fault;
  for (std::uint64_t row = 0; row < toy.rows; ++row) {
    toy.features[row * 3] = row % 2 == 0 ? 1e200 : -1e200;
  }
  try {
    measure_standardization(world(), *make_hdf5_reader(written(toy), {20, 3, 1}), 4);
    FAIL() << "no error";
  } catch (const core::UserError& error) {
    FAIL() << "an error that is not agreed: " << error.what();
  } catch (const core::Error& error) {
    EXPECT_NE(std::string(error.what()).find("column 0 of /features has a variance beyond"), std::string::npos);
    EXPECT_TRUE(error.agreed());
  }
}

/// Numbers come in pieces of some 260 000; every element type and way of conversion, with the fault in the second one.
class PiecesTest : public DatasetTest {
 protected:
  static constexpr std::uint64_t rows = 100000;
  static constexpr std::uint64_t bad_row = 95000;

  /// Three features, each row's number, but for one element.
  template <typename Element>
  Source written(Element bad) {
    world().barrier();
    if (world().is_root()) {
      std::filesystem::remove(folder_ / "pieces.h5");
      storage::File file = storage::File::create(folder_ / "pieces.h5");
      std::vector<Element> features(rows * 3);
      for (std::uint64_t i = 0; i < features.size(); ++i) {
        features[i] = static_cast<Element>(i / 3 % 200);
      }
      features[bad_row * 3 + 1] = bad;
      file.write<Element>("features", {rows, 3}, features);
      file.write<std::uint8_t>("targets", {rows}, std::vector<std::uint8_t>(rows, 1));
      file.close();
    }
    world().barrier();
    return {"data.train", folder_ / "pieces.h5", "features", "targets"};
  }

  template <typename Real>
  static std::string outcome(const Source& source, const Standardization& standardization) {
    try {
      const Samples<Real> samples =
          read_samples<Real>(*make_hdf5_reader(source, {rows, 3, 1}), {0, rows}, standardization);
      for (std::uint64_t i = 0; i < samples.features.size(); ++i) {
        const auto value = static_cast<double>(i / 3 % 200);
        const double expected = standardization.active() ? standardization.of(value, i % 3) : value;
        if (i != bad_row * 3 + 1 && samples.features[i] != static_cast<Real>(expected)) {
          return "another number at " + std::to_string(i);
        }
      }
      return "read";
    } catch (const core::UserError& error) {
      return error.what();
    }
  }
};

TEST_F(PiecesTest, AllNumbersAndFaultsAreAtTheirPlaces) {
  const Standardization none;
  const Standardization some{{1, 2, 3}, {0.5, 0.25, 2}};
  const Standardization huge{{0, 0, 0}, {1, 1.5e36, 1}};
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  const std::string place = " at row 95000, column 1 (counted from 0)";
  for (const Standardization& standardization : {none, some}) {
    for (const auto& outcome :
         {outcome<float>(written<float>(1), standardization), outcome<double>(written<float>(1), standardization),
          outcome<float>(written<double>(1), standardization), outcome<double>(written<double>(1), standardization),
          outcome<float>(written<std::uint8_t>(1), standardization),
          outcome<float>(written<std::int32_t>(1), standardization)}) {
      EXPECT_EQ(outcome, "read");
    }
    for (const auto& outcome :
         {outcome<float>(written<float>(nan), standardization), outcome<double>(written<float>(nan), standardization),
          outcome<float>(written<double>(nan), standardization),
          outcome<double>(written<double>(nan), standardization)}) {
      EXPECT_NE(outcome.find("/features holds NaN" + place), std::string::npos) << outcome;
    }
    const std::string outcome = PiecesTest::outcome<float>(written<double>(1e300), standardization);
    EXPECT_NE(outcome.find(", beyond the range of a float (run.precision = double has a larger one)," + place),
              std::string::npos)
        << outcome;
  }
  const std::string outcome = PiecesTest::outcome<float>(written<std::uint8_t>(255), huge);
  EXPECT_NE(outcome.find("a number that standardises to 3.825e+38, beyond the range of a float (run.precision = double "
                         "has a larger one)," +
                         place),
            std::string::npos)
      << outcome;
}

TEST_F(DatasetTest, SourceFaultsAreToldInWords) {
  const auto fault = [&](const Source& source) {
    try {
      hdf5_shape(source);
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

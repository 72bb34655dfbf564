// How exact the sums are on gradients of real data, against a sum in double precision.

#include <gtest/gtest.h>

#include "cauchy/data/standardization.hpp"
#include "cauchy/linear_algebra/product.hpp"
#include "support/gradient_accuracy.hpp"

namespace cauchy {
namespace {

class AccuracyTest : public testing::Test {
 protected:
  static data::Samples<float> read_digits() {
    linear_algebra::prepare_products();
    const data::Source source{"data", CAUCHY_DIGITS, "features", "targets"};
    const data::SourceShape shape = data::hdf5_shape(source);
    return data::read_samples<float>(*data::make_hdf5_reader(source, shape), {0, shape.rows}, {});
  }

  static model::Network<float> make_network(std::size_t inputs) {
    model::ModelOptions options;
    options.layers = {128, 64};
    return {options, inputs, model::make_likelihood<float>("categorical", 10, 1)};
  }

  AccuracyTest() : theta_(network_.layout().padded_size()) { network_.initialize(theta_, 3); }

  /// 1000 samples, not a power of two, so that the division rounds in every sum.
  test::GradientErrors errors(std::uint64_t shards) {
    return test::gradient_errors(gradients_, std::max<std::uint64_t>(1000, shards), shards);
  }

  data::Samples<float> samples_ = read_digits();
  model::Network<float> network_ = make_network(samples_.inputs);
  linear_algebra::AlignedVector<float> theta_;
  test::ShardGradients gradients_{network_, theta_, samples_};
};

// A result that is rounded to float once, from a sum in int64, is as close as float can be. Sums of two roundings
// (to double, to float) may differ from that in rare ties.
TEST_F(AccuracyTest, Int64IsAtLeastAsCloseAsFloatForAnyNumberOfShards) {
  constexpr double ties = 1e-6;
  for (const std::uint64_t shards : {1UL, 2UL, 3UL, 8UL, 24UL, 64UL, 500UL, 4096UL}) {
    const test::GradientErrors found = errors(shards);
    EXPECT_LE(found.int64.whole, found.summed_in_float.whole * (1 + ties)) << shards;
    EXPECT_LE(found.int64.median_block, found.summed_in_float.median_block * (1 + ties)) << shards;
  }
}

TEST_F(AccuracyTest, Int32IsAtLeastAsCloseAsFloatUpToEightShards) {
  for (const std::uint64_t shards : {2UL, 3UL, 4UL, 5UL, 6UL, 7UL, 8UL}) {
    const test::GradientErrors found = errors(shards);
    EXPECT_LE(found.int32.whole, found.summed_in_float.whole) << shards;
    EXPECT_LE(found.int32.median_block, found.summed_in_float.median_block) << shards;
  }
  // One shard is no sum: float has the rounding of the division alone, int32 that of its unit beside it.
  const test::GradientErrors alone = errors(1);
  EXPECT_LE(alone.int32.whole, alone.summed_in_float.whole * 1.1);
}

TEST_F(AccuracyTest, Int32IsWithin20BitsUpTo64Shards) {
  for (const std::uint64_t shards : {16UL, 24UL, 32UL, 64UL}) {
    const test::GradientErrors found = errors(shards);
    EXPECT_LE(found.int32.whole, 0x1p-20) << shards;
    EXPECT_LE(found.int32.median_block, 0x1p-20) << shards;
  }
  // A block whose largest element stands far above the others is worse, by up to three bits.
  EXPECT_LE(errors(64).int32.worst_block, 0x1p-17);
  // These bounds can fail: with fewer bits for each shard the sum is worse than one in float, then than 20 bits.
  EXPECT_GT(errors(64).int32.whole, errors(64).summed_in_float.whole);
  EXPECT_GT(errors(4096).int32.whole, 0x1p-20);
}

}  // namespace
}  // namespace cauchy

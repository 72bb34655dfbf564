// Offsets, padding and sizes of the parameter layout.

#include "cauchy/model/layout.hpp"

#include <gtest/gtest.h>

#include "cauchy/core/error.hpp"

namespace cauchy::model {
namespace {

TEST(ParameterLayout, PadsOffsetsToSixteenElements) {
  ParameterLayout layout;
  EXPECT_EQ(layout.padded_size(), 0U);
  EXPECT_EQ(layout.add("dense_1", "weights", {3, 7}, TensorKind::weights), 0U);
  EXPECT_EQ(layout.add("dense_1", "intercepts", {7}, TensorKind::intercepts), 1U);
  EXPECT_EQ(layout.add("output", "weights", {16, 2}, TensorKind::weights), 2U);
  ASSERT_EQ(layout.tensors().size(), 3U);

  EXPECT_EQ(layout[0].offset, 0U);
  EXPECT_EQ(layout[0].size, 21U);
  EXPECT_EQ(layout[1].offset, 32U);
  EXPECT_EQ(layout[1].size, 7U);
  EXPECT_EQ(layout[2].offset, 48U);
  EXPECT_EQ(layout[2].size, 32U);
  EXPECT_EQ(layout.padded_size(), 80U);
  EXPECT_EQ(layout.parameter_count(), 60U);
}

TEST(ParameterLayout, DescribesItsTensors) {
  ParameterLayout layout;
  layout.add("dense_1", "weights", {3, 7}, TensorKind::weights);
  layout.add("dense_1", "intercepts", {7}, TensorKind::intercepts);
  EXPECT_EQ(layout[0].path(), "dense_1/weights");
  EXPECT_EQ(layout[0].shape, (std::vector<std::size_t>{3, 7}));
  EXPECT_TRUE(layout[0].penalized());
  EXPECT_EQ(layout[1].path(), "dense_1/intercepts");
  EXPECT_EQ(layout[1].index, 1U);
  EXPECT_FALSE(layout[1].penalized());
}

TEST(ParameterLayout, RefusesWhatNoMachineHolds) {
  ParameterLayout layout;
  const std::size_t many = 1000000000;
  EXPECT_THROW(layout.add("dense_1", "weights", {many, many}, TensorKind::weights), core::UserError);
  const std::size_t half = std::size_t{1} << 47;
  layout.add("dense_1", "weights", {half}, TensorKind::weights);
  layout.add("dense_2", "weights", {half}, TensorKind::weights);
  EXPECT_THROW(layout.add("dense_3", "weights", {1}, TensorKind::weights), core::UserError);
  EXPECT_EQ(layout.tensors().size(), 2U);
  EXPECT_EQ(layout.padded_size(), std::size_t{1} << 48);
}

}  // namespace
}  // namespace cauchy::model

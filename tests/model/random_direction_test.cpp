// Random directions among parameters.

#include "cauchy/model/random_direction.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace cauchy::model {
namespace {

using Direction = linear_algebra::AlignedVector<double>;

class RandomDirection : public ::testing::Test {
 protected:
  RandomDirection() {
    layout_.add("embedding", "table", {3, 2}, TensorKind::weights);
    layout_.add("dense_1", "weights", {2, 5}, TensorKind::weights);
    layout_.add("norm_1", "gain", {5}, TensorKind::gain);
    layout_.add("dense_1", "intercepts", {5}, TensorKind::intercepts);
    theta_.resize(layout_.padded_size(), 0.0);
    for (const Tensor& tensor : layout_.tensors()) {
      for (std::size_t i = 0; i < tensor.size; ++i) {
        theta_[tensor.offset + i] = static_cast<double>(i) + 1;
      }
    }
  }

  double element(const Direction& vector, std::size_t tensor, std::size_t row, std::size_t column) const {
    return vector[layout_[tensor].offset + row * layout_[tensor].shape[1] + column];
  }

  ParameterLayout layout_;
  Direction theta_;
};

TEST_F(RandomDirection, EachUnitIsAsLongAsItsWeights) {
  const Direction direction = random_direction(layout_, theta_, 1, 1);
  ASSERT_EQ(direction.size(), theta_.size());
  for (std::size_t token = 0; token < 3; ++token) {
    EXPECT_NEAR(std::hypot(element(direction, 0, token, 0), element(direction, 0, token, 1)),
                std::hypot(element(theta_, 0, token, 0), element(theta_, 0, token, 1)), 1e-14);
  }
  for (std::size_t unit = 0; unit < 5; ++unit) {
    EXPECT_NEAR(std::hypot(element(direction, 1, 0, unit), element(direction, 1, 1, unit)),
                std::hypot(element(theta_, 1, 0, unit), element(theta_, 1, 1, unit)), 1e-14);
  }
  for (std::size_t i = layout_[2].offset; i < direction.size(); ++i) {
    EXPECT_EQ(direction[i], 0) << i;  // gains, intercepts, padding
  }
}

TEST_F(RandomDirection, AFunctionOfSeedAndNumber) {
  const Direction direction = random_direction(layout_, theta_, 1, 1);
  EXPECT_EQ(random_direction(layout_, theta_, 1, 1), direction);
  EXPECT_NE(random_direction(layout_, theta_, 1, 2), direction);
  EXPECT_NE(random_direction(layout_, theta_, 2, 1), direction);
  EXPECT_EQ(random_direction(layout_, Direction(theta_.size(), 0.0), 1, 1), Direction(theta_.size(), 0.0));
}

TEST(RandomDirectionOfMany, HasNormalNumbers) {
  ParameterLayout layout;
  constexpr std::size_t count = 100000;
  layout.add("output", "weights", {count, 1}, TensorKind::weights);
  const Direction direction = random_direction(layout, Direction(layout.padded_size(), 1.0), 1, 1);
  double cubes = 0;
  double fourths = 0;
  for (std::size_t i = 0; i < count; ++i) {
    cubes += std::pow(direction[i], 3) / count;
    fourths += std::pow(direction[i], 4) / count;
  }
  // Of unit variance by the scaling. Standard errors √(15/n) and √(96/n); four of them.
  EXPECT_NEAR(cubes, 0, 4 * std::sqrt(15.0 / count));
  EXPECT_NEAR(fourths, 3, 4 * std::sqrt(96.0 / count));
}

}  // namespace
}  // namespace cauchy::model

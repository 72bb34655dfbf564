// Ranges and moments of columns.

#include "cauchy/data/summary.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace cauchy::data {
namespace {

TEST(ColumnSummary, OfNumbersAndOfWhatIsNone) {
  ColumnSummary column;
  const std::vector<double> values{1e6 + 1, std::nan(""), 1e6 + 2, INFINITY, 1e6 + 3, 1e6 + 6};
  for (std::size_t row = 0; row < values.size(); ++row) {
    column.add(values[row], row);
  }
  EXPECT_EQ(column.finite(), 4U);
  EXPECT_EQ(column.missing(), 1U);
  EXPECT_EQ(column.infinite(), 1U);
  EXPECT_EQ(column.first_fault(), 1U);
  EXPECT_EQ(column.minimum(), 1e6 + 1);
  EXPECT_EQ(column.maximum(), 1e6 + 6);
  EXPECT_DOUBLE_EQ(column.mean(), 1e6 + 3);
  EXPECT_DOUBLE_EQ(column.deviation(), std::sqrt(14.0 / 4));
  EXPECT_TRUE(column.integers());
  EXPECT_FALSE(column.constant());
}

TEST(ColumnSummary, ZerosThatWereNotStoredCount) {
  ColumnSummary dense;
  ColumnSummary sparse;
  for (const double value : {0.0, 3.0, 0.0, -1.5, 0.0}) {
    dense.add(value, 0);
    if (value != 0) {
      sparse.add(value, 0);
    }
  }
  sparse.add_zeros(3);
  EXPECT_EQ(sparse.finite(), dense.finite());
  EXPECT_EQ(sparse.zeros(), dense.zeros());
  EXPECT_EQ(sparse.minimum(), dense.minimum());
  EXPECT_EQ(sparse.maximum(), dense.maximum());
  EXPECT_DOUBLE_EQ(sparse.mean(), dense.mean());
  EXPECT_DOUBLE_EQ(sparse.deviation(), dense.deviation());
  EXPECT_FALSE(sparse.integers());
  ColumnSummary nothing;
  nothing.add_zeros(4);
  EXPECT_TRUE(nothing.constant());
  EXPECT_EQ(nothing.mean(), 0);
  EXPECT_EQ(nothing.deviation(), 0);
}

TEST(ColumnSummary, ConstantNumbersHaveNoDeviation) {
  ColumnSummary column;
  for (std::uint64_t row = 0; row < 1000; ++row) {
    column.add(0.1, row);
  }
  EXPECT_TRUE(column.constant());
  EXPECT_EQ(column.deviation(), 0);
}

}  // namespace
}  // namespace cauchy::data

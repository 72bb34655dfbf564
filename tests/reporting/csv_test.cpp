// Fields of CSV files.

#include "cauchy/reporting/csv.hpp"

#include <gtest/gtest.h>

namespace cauchy::reporting {
namespace {

TEST(Csv, QuotesWhatWouldNotReadBack) {
  EXPECT_EQ(csv_field("p_0"), "p_0");
  EXPECT_EQ(csv_field(""), "");
  EXPECT_EQ(csv_field("<1H OCEAN"), "<1H OCEAN");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("5\" pipe"), "\"5\"\" pipe\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv_field(" padded"), "\" padded\"");
  EXPECT_EQ(csv_field("padded "), "\"padded \"");
}

TEST(Csv, Lines) {
  EXPECT_EQ(csv_line({"a", "b,c", ""}), "a,\"b,c\",\n");
  EXPECT_EQ(csv_line({"", "a"}), ",a\n");
  EXPECT_EQ(csv_line({"a"}), "a\n");
}

}  // namespace
}  // namespace cauchy::reporting

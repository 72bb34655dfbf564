// Numbers as text.

#include "cauchy/reporting/number.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace cauchy::reporting {
namespace {

TEST(Numbers, AsText) {
  EXPECT_EQ(exact_text(0.1), "0.1");
  EXPECT_EQ(std::stod(exact_text(1.0 / 3)), 1.0 / 3);
  EXPECT_EQ(short_text(0.123456), "0.1235");
  EXPECT_EQ(grouped(7), "7");
  EXPECT_EQ(grouped(123456), "123 456");
  EXPECT_EQ(grouped(1234567), "1 234 567");
  EXPECT_EQ(duration_text(4321), "1:12:01");
  EXPECT_EQ(duration_text(61.4), "1:01");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::infinity()), "?");
  EXPECT_EQ(bytes_text(5.0 * 1024 * 1024), "5.0 MiB");
  EXPECT_EQ(bytes_text(12), "12 B");
}

TEST(TextWidth, CountsCharacters) {
  EXPECT_EQ(text_width(""), 0U);
  EXPECT_EQ(text_width("64 × 10"), 7U);
  EXPECT_EQ(text_width("Größe €"), 7U);
}

}  // namespace
}  // namespace cauchy::reporting

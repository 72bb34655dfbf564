/// Helpers on text.

#include "cauchy/config/text.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cauchy::config {
namespace {

TEST(Text, EditDistance) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("learing_rate", "learning_rate"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);  // Levenshtein's textbook example
}

TEST(Text, TrimmedAndPrintable) {
  EXPECT_EQ(trimmed(" \t a b \t"), "a b");
  EXPECT_EQ(trimmed(" \t"), "");
  EXPECT_EQ(printable("a\nb\x7f\tλ"), "a?b?\tλ");
  EXPECT_EQ(width("λ/2·x"), 5U);
}

TEST(Text, LongListsOfProblemsAreCut) {
  const std::vector<std::string> problems(53, "p");
  const std::string text = printable_lines(problems);
  EXPECT_TRUE(text.ends_with("p\nand 3 more problems"));
  EXPECT_EQ(printable_lines(std::vector<std::string>{"a\nb", "c"}), "a?b\nc");
}

}  // namespace
}  // namespace cauchy::config

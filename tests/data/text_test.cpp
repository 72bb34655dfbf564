// Numbers in text, exact sums, and how columns of text became numbers.

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/data/encoding.hpp"
#include "exact_sum.hpp"
#include "support/temporary_folder.hpp"
#include "text_number.hpp"
#include "text_records.hpp"

namespace cauchy::data {
namespace {

TEST(NumberTest, IsTheDoubleThatTheLibraryReads) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 200000; ++i) {
    char text[64];
    const auto digits = static_cast<int>(random() % 18);
    const double value = std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 120) - 100);
    std::snprintf(text, sizeof(text), random() % 2 == 0 ? "%.*f" : "%.*g", digits, random() % 2 == 0 ? value : -value);
    const std::string_view view(text);
    double expected = 0;
    std::from_chars(view.data(), view.data() + view.size(), expected);
    const NumberText found = read_number(view);
    ASSERT_EQ(found.fault, nullptr) << text;
    ASSERT_EQ(found.value, expected) << text;
    ASSERT_EQ(std::signbit(found.value), std::signbit(expected)) << text;
  }
}

TEST(NumberTest, TellsWhatIsNone) {
  for (const char* text :
       {"", " ", "-", "+", ".", "-.", "e5", "1e", "1.2.3", "0x1p3", "1_000", "12 3", "+-1", "text"}) {
    EXPECT_STREQ(read_number(text).fault, "is not a number") << text;
    EXPECT_TRUE(is_text(text)) << text;
  }
  for (const char* text : {"nan", "-NaN", "inf", "+Infinity", "nan(1)"}) {
    EXPECT_STREQ(read_number(text).fault, "is no finite number") << text;
    EXPECT_FALSE(is_text(text)) << text;
  }
  for (const char* text : {"1e309", "-1e999", "1e-400"}) {
    EXPECT_STREQ(read_number(text).fault, "is beyond the range of a double") << text;
  }
  EXPECT_TRUE(is_text("nancy"));
  EXPECT_EQ(read_number(" +1.50 ").value, 1.5);
  EXPECT_EQ(read_number("5.").value, 5);
  EXPECT_EQ(read_number("-.5").value, -0.5);
}

TEST(ExactSumTest, DoesNotDependOnTheOrder) {
  std::mt19937_64 random(6);
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) {
    const double value = std::ldexp(static_cast<double>(random()) - 0x1p63, static_cast<int>(random() % 200) - 100);
    values.push_back(value);
    values.push_back(i % 3 == 0 ? -value : 0.1);
  }
  ExactSum first;
  std::ranges::for_each(values, [&](double value) { first.add(value); });
  for (int i = 0; i < 20; ++i) {
    std::ranges::shuffle(values, random);
    ExactSum parts[3];
    for (std::size_t k = 0; k < values.size(); ++k) {
      parts[k % 3].add(values[k]);
    }
    ExactSum sum;
    for (const ExactSum& part : parts) {
      std::ranges::for_each(part.parts(), [&](double value) { sum.add(value); });
    }
    ASSERT_EQ(sum.value(), first.value());
  }
}

TEST(ExactSumTest, IsRoundedOnce) {
  const auto sum_of = [](std::vector<double> values) {
    ExactSum sum;
    std::ranges::for_each(values, [&](double value) { sum.add(value); });
    return sum.value();
  };
  EXPECT_EQ(sum_of({}), 0);
  EXPECT_EQ(sum_of({1e100, 1, -1e100}), 1);
  EXPECT_EQ(sum_of({1, 0x1p-53}), 1);  // a tie goes to even
  EXPECT_EQ(sum_of({1, 0x1p-53, 0x1p-120}), 1 + 0x1p-52);
  EXPECT_EQ(sum_of({1 + 0x1p-52, 0x1p-53, -0x1p-120}), 1 + 0x1p-52);
}

TEST(EncodingTest, ComesBackFromItsText) {
  const Encoding encoding{{{"age", {}, {0.1}},
                           {"colour\tof\nthings", {"\\", "blue", "dark\r\nred"}, {0.25, 0.5, 0.25}},
                           {"", {}, {}},
                           {"month", {"1", "2"}, {}, true}},
                          {{"y", {"-1", "1"}, {}}},
                          17,
                          1};
  EXPECT_EQ(parse_encoding(encoding_text(encoding), "file"), encoding);
  EXPECT_EQ(parse_encoding("", "file"), Encoding{});
  EXPECT_EQ(feature_names(encoding)[1], "colour\tof\nthings=\\");
  EXPECT_EQ(feature_names(encoding).size(), 6U);
  EXPECT_EQ(feature_names(encoding)[5], "month");
  EXPECT_EQ(class_names(encoding), (std::vector<std::string>{"-1", "1"}));
  for (const char* text : {"feature", "feature\tx", "feature\tx\ty", "feature\tx\t2\t1", "feature\tx\t2\t1\t2", "other",
                           "libsvm\t1", "libsvm\tx\t1", "token\tx\t0", "token\tx\t2\t1\t2\ta\tb"}) {
    EXPECT_THROW(parse_encoding(text, "file"), core::UserError) << text;
  }
}

class RecordsTest : public testing::Test {
 protected:
  TextFile written(const std::string& text) {
    const std::string path = folder_ / "text.csv";
    std::ofstream(path, std::ios::binary) << text;
    return {path, "data.train = text.csv", ByteSource(path, path).stamp(), false};
  }

  void append(const std::string& text) { std::ofstream(folder_ / "text.csv", std::ios::app) << text; }

  static std::vector<std::string> records_of(RecordStream stream) {
    std::vector<std::string> records;
    for (Record record; stream.next(record);) {
      records.push_back(std::to_string(record.line) + "@" + std::to_string(record.offset) + ":" +
                        std::string(record.text));
    }
    return records;
  }

  test::TemporaryFolder folder_;
};

TEST_F(RecordsTest, LineEndsWithinQuotesBelongToRecords) {
  const std::string text = "a,b\r\n1,\"x\ny\"\n\n\"\"\"\n\"";
  const TextFile file = written(text);
  const Segment whole{0, 0, text.size(), 1};
  EXPECT_EQ(records_of({file, whole, Quotes::enclose}),
            (std::vector<std::string>{"1@0:a,b", "2@5:1,\"x\ny\"", "4@13:", "5@14:\"\"\"\n\""}));
  EXPECT_EQ(records_of({file, whole, Quotes::mean_nothing}).size(), 6U);
  EXPECT_EQ(records_of({file, Segment{0, 5, 13, 2}, Quotes::enclose}), (std::vector<std::string>{"2@5:1,\"x\ny\""}));
}

TEST_F(RecordsTest, LongRecordsAreWhole) {
  std::string text;
  for (const std::size_t length : {10U, 300000U, 3U, 1000000U, 262143U, 262144U, 0U, 5U}) {
    text += std::string(length, 'x') + "\n";
  }
  const TextFile file = written(text);
  RecordStream stream(file, {0, 0, text.size(), 1}, Quotes::enclose);
  std::string again;
  for (Record record; stream.next(record);) {
    again += std::string(record.text) + "\n";
  }
  EXPECT_EQ(again, text);
}

TEST_F(RecordsTest, AFileThatChangesIsAnError) {
  const std::string text(1000000, '\n');
  const TextFile file = written(text);
  const Segment whole{0, 0, text.size(), 1};
  RecordStream stream(file, whole, Quotes::enclose);
  Record record;
  ASSERT_TRUE(stream.next(record));
  append("more");
  EXPECT_THROW(
      {
        while (stream.next(record)) {
        }
      },
      core::UserError);
  EXPECT_THROW(RecordStream(file, whole, Quotes::enclose), core::UserError);
}

}  // namespace
}  // namespace cauchy::data

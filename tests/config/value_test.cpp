/// Texts into values: types, ranges at their edges, words, lists, overflow.

#include "cauchy/config/value.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "example_options.hpp"

namespace cauchy::config {
namespace {

class ValueTest : public ::testing::Test {
 protected:
  Reading read(const char* key, const std::string& text) const { return read_value(*example_.schema.find(key), text); }
  std::string fault(const char* key, const std::string& text) const { return read(key, text).fault; }
  std::uint64_t whole(const std::string& text) const {
    const Reading reading = read("stop.max_steps", text);
    EXPECT_EQ(reading.fault, "") << text;
    return std::get<std::uint64_t>(reading.value);
  }
  /// The canonical form of a text.
  std::string canonical(const char* key, const std::string& text) const {
    return value_text(*example_.schema.find(key), read(key, text).value);
  }

  Example example_;
};

TEST_F(ValueTest, Bools) {
  for (const char* text : {"true", "yes", "on", "1"}) {
    EXPECT_TRUE(std::get<bool>(read("data.standardize", text).value)) << text;
    EXPECT_EQ(fault("data.standardize", text), "") << text;
  }
  for (const char* text : {"false", "no", "off", "0"}) {
    EXPECT_FALSE(std::get<bool>(read("data.standardize", text).value)) << text;
    EXPECT_EQ(fault("data.standardize", text), "") << text;
  }
  for (const char* text : {"", "2", "True", "yes "}) {
    EXPECT_EQ(fault("data.standardize", text), "is neither true nor false") << text;
  }
}

TEST_F(ValueTest, WholeNumbersInPlainAndExponentForm) {
  EXPECT_EQ(whole("0"), 0U);
  EXPECT_EQ(whole("007"), 7U);
  EXPECT_EQ(whole("1e6"), 1000000U);
  EXPECT_EQ(whole("1E+3"), 1000U);
  EXPECT_EQ(whole("1.5e1"), 15U);
  EXPECT_EQ(whole("1.50e1"), 15U);
  EXPECT_EQ(whole("2.0"), 2U);
  EXPECT_EQ(whole("0e99999999999"), 0U);
  // Exact where a double would round: 2^53 + 1 and the largest of 64 bits.
  EXPECT_EQ(whole("9007199254740993"), 9007199254740993U);
  EXPECT_EQ(whole("9007199254740993e0"), 9007199254740993U);
  EXPECT_EQ(whole("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
}

TEST_F(ValueTest, TextsThatAreNoWholeNumbers) {
  for (const char* text : {"", " 1", "1 ", "-1", "+1", "1.5", "1.55e1", "10e-1", "1e", "1e+", "e6", ".5e1", "0x10",
                           "1,000", "many", "1e6x"}) {
    EXPECT_EQ(fault("stop.max_steps", text), "is not a whole number") << text;
  }
}

TEST_F(ValueTest, WholeNumbersThatOverflow) {
  for (const char* text :
       {"18446744073709551616", "99999999999999999999999", "2e19", "1e20", "1e4294967296", "1e999"}) {
    EXPECT_EQ(fault("stop.max_steps", text), "does not fit into 64 bits") << text;
  }
}

TEST_F(ValueTest, Numbers) {
  EXPECT_EQ(std::get<double>(read("model.l2", "1e-4").value), 1e-4);
  EXPECT_EQ(std::get<double>(read("model.l2", ".5").value), 0.5);
  for (const char* text : {"", "+1", "1.0.0", "1e", "fast", "0x1p3", "1 ", " 1"}) {
    EXPECT_EQ(fault("model.l2", text), "is not a number") << text;
  }
  for (const char* text : {"nan", "inf", "-inf", "infinity"}) {
    EXPECT_EQ(fault("model.l2", text), "is not a finite number") << text;
  }
  for (const char* text : {"1e309", "-1e309", "1e-400"}) {
    EXPECT_EQ(fault("model.l2", text), "does not fit into a double") << text;
  }
}

TEST_F(ValueTest, NegativeZeroIsZero) {
  for (const char* text : {"-0", "-0.0", "-0e5"}) {
    EXPECT_FALSE(std::signbit(std::get<double>(read("model.l2", text).value))) << text;
    EXPECT_EQ(fault("model.l2", text), "") << text;
    EXPECT_EQ(canonical("model.l2", text), "0") << text;
  }
}

TEST_F(ValueTest, RangesAtTheirEdges) {
  const std::string outside = "is out of range";
  EXPECT_EQ(fault("optimizer.learning_rate", "0"), outside);
  EXPECT_EQ(fault("optimizer.learning_rate", "-0.0"), outside);
  EXPECT_EQ(fault("optimizer.learning_rate", "1e-300"), "");
  EXPECT_EQ(fault("optimizer.momentum", "0"), "");
  EXPECT_EQ(fault("optimizer.momentum", "1"), "");
  EXPECT_EQ(fault("optimizer.momentum", "-1e-300"), outside);
  EXPECT_EQ(fault("optimizer.momentum", "1.0000000000000002"), outside);
  EXPECT_EQ(fault("model.layers", "0"), "has an element \"0\" that " + outside);
  EXPECT_EQ(fault("model.layers", "1"), "");
}

TEST_F(ValueTest, WordsStandForNumbers) {
  EXPECT_EQ(std::get<std::uint64_t>(read("optimizer.batch_size", "full").value), 0U);
  EXPECT_EQ(fault("optimizer.batch_size", "full"), "");
  EXPECT_EQ(fault("optimizer.batch_size", "0"), "is out of range");
  EXPECT_EQ(fault("optimizer.batch_size", "none"), "is not a whole number");
  EXPECT_EQ(std::get<double>(read("stop.max_seconds", "none").value), 0.0);
  EXPECT_EQ(canonical("optimizer.batch_size", "full"), "full");
  EXPECT_EQ(canonical("optimizer.batch_size", "256"), "256");
  EXPECT_EQ(canonical("stop.max_steps", "0"), "none");
  EXPECT_EQ(canonical("stop.max_seconds", "none"), "none");
}

TEST_F(ValueTest, Lists) {
  using List = std::vector<std::uint64_t>;
  EXPECT_EQ(std::get<List>(read("model.layers", "128,64").value), (List{128, 64}));
  EXPECT_EQ(std::get<List>(read("model.layers", " 128 ,\t64 ").value), (List{128, 64}));
  EXPECT_EQ(std::get<List>(read("model.layers", "").value), List{});
  EXPECT_EQ(fault("model.layers", " "), "");
  EXPECT_EQ(canonical("model.layers", "1e3,64"), "1000, 64");
  for (const char* text : {",", "128,", ",128", "128,,64"}) {
    EXPECT_EQ(fault("model.layers", text), "has an element \"\" that is not a whole number") << text;
  }
  EXPECT_EQ(fault("model.layers", "128 64"), "has an element \"128 64\" that is not a whole number");
}

TEST_F(ValueTest, TextAndChoices) {
  EXPECT_EQ(fault("model.activation", "tanh"), "");
  EXPECT_EQ(fault("model.activation", "Tanh"), "is not one of the choices");
  EXPECT_EQ(fault("data.train", "any thing # at all"), "");
  EXPECT_EQ(fault("data.train", "a\nb"), "holds a control character");
}

TEST_F(ValueTest, CanonicalNumbersReadBackAsTheSameNumber) {
  for (const double number : {0.1, 1.0 / 3.0, 5e-324, std::numeric_limits<double>::max(), 0.3 - 0.1}) {
    const Option& option = *example_.schema.find("model.l2");
    EXPECT_EQ(std::get<double>(read_value(option, value_text(option, number)).value), number);
  }
  EXPECT_EQ(canonical("model.l2", "0.10000000000000000"), "0.1");
}

TEST_F(ValueTest, AllowedTexts) {
  const auto allowed = [&](const char* key) { return allowed_text(*example_.schema.find(key)); };
  EXPECT_EQ(allowed("data.standardize"), "true or false");
  EXPECT_EQ(allowed("data.train"), "text");
  EXPECT_EQ(allowed("model.activation"), "relu, tanh");
  EXPECT_EQ(allowed("model.layers"), "whole numbers at least 1, separated by commas");
  EXPECT_EQ(allowed("optimizer.learning_rate"), "a number above 0");
  EXPECT_EQ(allowed("optimizer.momentum"), "a number from 0 to 1");
  EXPECT_EQ(allowed("optimizer.batch_size"), "a whole number at least 1, or full");
}

struct Words {
  std::vector<std::string> tones = {"low"};
  double share = 0;
  std::vector<double> factors;

  template <typename Visitor>
  void visit(Visitor&& option) {
    option("tones", tones, core::one_of({"low", "high"}), core::Role::run, "");
    option("share", share, core::from_below(0, 1), core::Role::run, "");
    option("factors", factors, core::at_least(0), core::Role::run, "");
  }
};

TEST(Values, ListsOfWords) {
  using List = std::vector<std::string>;
  Words words;
  Schema schema;
  schema.add("a", words);
  const Option& option = *schema.find("a.tones");
  EXPECT_EQ(option.default_text, "low");
  EXPECT_EQ(std::get<List>(read_value(option, " high,low ,high").value), (List{"high", "low", "high"}));
  EXPECT_EQ(std::get<List>(read_value(option, "").value), List{});
  EXPECT_EQ(read_value(option, "high,,low").fault, "has an element \"\" that is not one of the choices");
  EXPECT_EQ(read_value(option, "high,loud").fault, "has an element \"loud\" that is not one of the choices");
  EXPECT_EQ(value_text(option, List{"high", "low"}), "high, low");
  EXPECT_EQ(allowed_text(option), "one or several of low, high");
  store(option, List{"high"});
  EXPECT_EQ(words.tones, List{"high"});
}

TEST(Values, ListsOfNumbers) {
  using List = std::vector<double>;
  Words words;
  Schema schema;
  schema.add("a", words);
  const Option& option = *schema.find("a.factors");
  EXPECT_EQ(option.default_text, "");
  EXPECT_EQ(std::get<List>(read_value(option, "0.10, 3,1e2").value), (List{0.1, 3, 100}));
  EXPECT_EQ(read_value(option, "1,-1").fault, "has an element \"-1\" that is out of range");
  EXPECT_EQ(read_value(option, "1,x").fault, "has an element \"x\" that is not a number");
  EXPECT_EQ(value_text(option, List{0.1, 100}), "0.1, 100");
  EXPECT_EQ(allowed_text(option), "numbers at least 0, separated by commas");
  store(option, List{2.5});
  EXPECT_EQ(words.factors, List{2.5});
}

TEST(Values, RangesThatExcludeTheirEnd) {
  Words words;
  Schema schema;
  schema.add("a", words);
  const Option& option = *schema.find("a.share");
  EXPECT_EQ(read_value(option, "0.9999999999999999").fault, "");
  EXPECT_EQ(read_value(option, "1").fault, "is out of range");
  EXPECT_EQ(read_value(option, "-1e-9").fault, "is out of range");
  EXPECT_EQ(allowed_text(option), "a number at least 0 and below 1");
}

struct BadDefault {
  double rate = 0;

  template <typename Visitor>
  void visit(Visitor&& option) {
    option("rate", rate, core::above(0), core::Role::run, "");
  }
};

TEST(Schema, RefusesRepeatedKeysAndBadDefaults) {
  Example example;
  EXPECT_THROW(example.schema.add("model", example.model), std::logic_error);
  BadDefault bad;
  EXPECT_THROW(example.schema.add("bad", bad), std::logic_error);
}

TEST(Schema, KeepsTheOrderAndTheDefaults) {
  const Example example;
  EXPECT_EQ(example.schema.sections(), (std::vector<std::string>{"model", "data", "optimizer", "stop"}));
  EXPECT_EQ(example.schema.options().front().key, "model.layers");
  EXPECT_EQ(example.schema.find("optimizer.batch_size")->default_text, "full");
  EXPECT_EQ(example.schema.find("optimizer.learning_rate")->default_text, "0.1");
  EXPECT_EQ(example.schema.find("optimizer"), nullptr);
}

}  // namespace
}  // namespace cauchy::config

/// From sources to values: precedence, strictness with all problems at once, assignment on other ranks.

#include "cauchy/config/resolve.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>

#include "cauchy/config/help.hpp"
#include "cauchy/config/text.hpp"
#include "cauchy/core/error.hpp"
#include "example_options.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy::config {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
  std::istringstream stream(text);
  Lines lines;
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

/// The lines of the UserError that an action throws.
Lines user_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const core::UserError& error) {
    return lines_of(error.what());
  }
  return {"no error"};
}

const ResolvedValue& find(const Resolution& resolution, const std::string& key) {
  for (const ResolvedValue& value : resolution.values) {
    if (value.key == key) {
      return value;
    }
  }
  throw std::out_of_range(key);
}

class ResolveTest : public ::testing::Test {
 protected:
  /// Sources with a file of this content.
  Sources with_file(const std::string& content) {
    std::ofstream(path_, std::ios::binary) << content;
    Sources sources;
    sources.file = path_;
    return sources;
  }
  Lines problems(const Sources& sources) {
    return user_error([&] { resolve(example_.schema, sources); });
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "resolve_test.cfg";
  Example example_;
};

Sources with_arguments(Lines arguments) {
  Sources sources;
  sources.arguments = std::move(arguments);
  return sources;
}

TEST_F(ResolveTest, DefaultsWithoutSources) {
  const Resolution resolution = resolve(example_.schema, {});
  ASSERT_EQ(resolution.values.size(), example_.schema.options().size());
  EXPECT_EQ(resolution.values.front().key, "model.layers");
  EXPECT_EQ(find(resolution, "optimizer.learning_rate").value, "0.1");
  EXPECT_EQ(find(resolution, "optimizer.learning_rate").source, "default");
  EXPECT_EQ(find(resolution, "stop.max_steps").role, core::Role::run);
  EXPECT_EQ(example_.optimizer.learning_rate, 0.1);
}

TEST_F(ResolveTest, CommandLineAboveEnvironmentAboveFileAboveStoredAboveDefault) {
  Sources sources = with_file("[model]\nlayers = 3\nl2 = 3\n[optimizer]\nlearning_rate = 3\n");
  sources.stored = "[data]\ntrain = two\n[model]\nlayers = 2\nl2 = 2\n[optimizer]\nlearning_rate = 2\n";
  sources.environment = {{"CAUCHY_MODEL__L2", "4"}, {"CAUCHY_OPTIMIZER__LEARNING_RATE", "4"}};
  sources.arguments = {"--optimizer.learning_rate=5"};
  const Resolution resolution = resolve(example_.schema, sources);

  EXPECT_EQ(example_.optimizer.learning_rate, 5);
  EXPECT_EQ(find(resolution, "optimizer.learning_rate").source, "command line");
  EXPECT_EQ(example_.model.l2, 4);
  EXPECT_EQ(find(resolution, "model.l2").source, "environment variable CAUCHY_MODEL__L2");
  EXPECT_EQ(example_.model.layers, std::vector<std::uint64_t>{3});
  EXPECT_EQ(find(resolution, "model.layers").source, path_ + ":2");
  EXPECT_EQ(example_.data.train, "two");
  EXPECT_EQ(find(resolution, "data.train").source, "checkpoint");
  EXPECT_EQ(example_.model.activation, "relu");
  EXPECT_EQ(find(resolution, "model.activation").source, "default");
}

TEST_F(ResolveTest, BoolsOnTheCommandLine) {
  resolve(example_.schema, with_arguments({"--data.standardize", "--model.l2=1"}));
  EXPECT_TRUE(example_.data.standardize);
  resolve(example_.schema, with_arguments({"--data.standardize", "no"}));
  EXPECT_FALSE(example_.data.standardize);
}

TEST_F(ResolveTest, AnOptionThatNoSourceNamesReturnsToItsDefault) {
  resolve(example_.schema, with_arguments({"--model.layers=4,5", "--optimizer.batch_size=7"}));
  EXPECT_EQ(example_.optimizer.batch_size, 7U);
  resolve(example_.schema, with_arguments({"--model.layers="}));
  EXPECT_EQ(example_.model.layers, std::vector<std::uint64_t>{});
  EXPECT_EQ(example_.optimizer.batch_size, 0U);
}

TEST_F(ResolveTest, AllProblemsOfAllSourcesAtOnceAndNothingChanges) {
  Sources sources = with_file(
      "[optimizer]\n"
      "learing_rate = 0.1\n"
      "momentum = 1.5\n"
      "batch_size = -3\n"
      "[model]\n"
      "activation = Relu\n"
      "l2 = 1e999\n"
      "word\n"
      "[nothing]\n");
  sources.environment = {{"CAUCHY_DATA__STANDARDIZE", "maybe"}, {"CAUCHY_DATA__SHADRS", "4"}};
  example_.optimizer.learning_rate = 0.7;

  sources.arguments = {"--model.layers=8,0", "--optimizer.learning_rate=5", "stray", "--data.train"};
  EXPECT_EQ(
      problems(sources),
      (Lines{
          path_ + ":8: \"word\" has no '='; a line reads key = value",
          path_ + ":9: unknown section [nothing]; the sections are model, data, optimizer, stop",
          path_ + ":2: unknown key optimizer.learing_rate; did you mean optimizer.learning_rate?",
          path_ + ":3: optimizer.momentum = \"1.5\" is out of range; allowed: a number from 0 to 1 (default 0.9)",
          path_ + ":4: optimizer.batch_size = \"-3\" is not a whole number; "
                  "allowed: a whole number at least 1, or full (default full)",
          path_ + ":6: model.activation = \"Relu\" is not one of the choices; allowed: relu, tanh (default relu)",
          path_ + ":7: model.l2 = \"1e999\" does not fit into a double; allowed: a number at least 0 (default 0)",
          "environment variable CAUCHY_DATA__STANDARDIZE: data.standardize = \"maybe\" is neither true nor false; "
          "allowed: true or false (default false)",
          "environment variable CAUCHY_DATA__SHADRS: unknown key data.shadrs; the keys of [data] are train, "
          "standardize",
          "command line: unexpected \"stray\"; options read --section.key=value",
          "command line: model.layers = \"8,0\" has an element \"0\" that is out of range; "
          "allowed: whole numbers at least 1, separated by commas (default empty)",
          "command line: data.train has no value; write --data.train=VALUE; allowed: text (default empty)",
      }));
  EXPECT_EQ(example_.optimizer.learning_rate, 0.7);
}

TEST_F(ResolveTest, AnOverriddenValueMustStillBeRight) {
  Sources sources = with_file("[model]\nl2 = much\n");
  sources.arguments = {"--model.l2=1"};
  EXPECT_EQ(problems(sources).size(), 1U);
}

TEST_F(ResolveTest, ProblemsStayOnOneLineEach) {
  EXPECT_EQ(problems(with_arguments({"--data.train=a\nb"})),
            Lines{"command line: data.train = \"a?b\" holds a control character; allowed: text (default empty)"});
}

TEST_F(ResolveTest, AMissingFile) {
  Sources sources;
  sources.file = "no/such.cfg";
  EXPECT_EQ(problems(sources), Lines{"no/such.cfg: cannot open the configuration file: No such file or directory"});
}

TEST_F(ResolveTest, NearestKeys) {
  const auto hint = [&](const std::string& key) {
    const std::string line = problems(with_arguments({"--" + key + "=1"})).front();
    return line.substr(line.find("; ") + 2);
  };
  EXPECT_EQ(hint("optimizer.learing_rate"), "did you mean optimizer.learning_rate?");
  EXPECT_EQ(hint("optimiser.momentum"), "did you mean optimizer.momentum?");
  EXPECT_EQ(hint("learning_rate"), "did you mean optimizer.learning_rate?");
  EXPECT_EQ(hint("train.batch_size"), "did you mean optimizer.batch_size?");
  EXPECT_EQ(hint("train.batchsize"), "did you mean optimizer.batch_size?");
  EXPECT_EQ(hint("stop.max_step"), "did you mean stop.max_steps?");
  EXPECT_EQ(hint("model.l1"), "did you mean model.l2?");
  EXPECT_EQ(hint("model.dropout"), "the keys of [model] are layers, activation, l2");
  EXPECT_EQ(hint("network.dropout"), "the sections are model, data, optimizer, stop");
}

TEST_F(ResolveTest, AbbreviatedKeysAreUnknown) {
  EXPECT_EQ(problems(with_arguments({"--optimizer.learning=1"})).front().substr(0, 26), "command line: unknown key ");
}

TEST_F(ResolveTest, UnknownStoredKeysAreTold) {
  Sources sources;
  sources.stored = "[model]\ndepth = 3\n";
  sources.stored_name = "run/checkpoint.h5";
  EXPECT_EQ(problems(sources),
            Lines{"run/checkpoint.h5: unknown key model.depth; the keys of [model] are layers, activation, l2"});
}

TEST_F(ResolveTest, OverrideValue) {
  Resolution resolution = resolve(example_.schema, {});
  override_value(example_.schema, resolution, "optimizer.batch_size", "64", "chosen at launch");
  EXPECT_EQ(example_.optimizer.batch_size, 64U);
  EXPECT_EQ(find(resolution, "optimizer.batch_size").value, "64");
  EXPECT_EQ(find(resolution, "optimizer.batch_size").source, "chosen at launch");
  EXPECT_EQ(user_error([&] { override_value(example_.schema, resolution, "optimizer.batch_size", "x", "launch"); }),
            Lines{"launch: optimizer.batch_size = \"x\" is not a whole number; "
                  "allowed: a whole number at least 1, or full (default full)"});
  EXPECT_THROW(override_value(example_.schema, resolution, "no.key", "1", "launch"), std::logic_error);
}

TEST_F(ResolveTest, AssignGivesAnotherRankTheSameValues) {
  const Resolution resolution =
      resolve(example_.schema,
              with_arguments({"--model.layers=128,64", "--model.activation=tanh", "--model.l2=0.30000000000000004",
                              "--data.train= a \"#1\" file\\", "--data.standardize", "--optimizer.batch_size=full",
                              "--optimizer.learning_rate=1e-3", "--stop.max_steps=18446744073709551615"}));
  Example other;
  other.optimizer.batch_size = 5;
  assign(other.schema, parse_text(resolved_text(resolution), "root"));
  EXPECT_EQ(other.model.layers, example_.model.layers);
  EXPECT_EQ(other.model.activation, "tanh");
  EXPECT_EQ(other.model.l2, 0.1 + 0.2);
  EXPECT_EQ(other.data.train, " a \"#1\" file\\");
  EXPECT_TRUE(other.data.standardize);
  EXPECT_EQ(other.optimizer.batch_size, 0U);
  EXPECT_EQ(other.optimizer.learning_rate, 1e-3);
  EXPECT_EQ(other.stop.max_steps, 18446744073709551615U);
}

TEST_F(ResolveTest, AssignRefusesWhatDoesNotFit) {
  EXPECT_THROW(assign(example_.schema, std::vector<Entry>{{"no.key", "1"}}), std::logic_error);
  EXPECT_THROW(assign(example_.schema, std::vector<Entry>{{"model.l2", "-1"}}), std::logic_error);
}

TEST_F(ResolveTest, ResolvedTextIsAConfigurationFileAgain) {
  const Resolution first = resolve(example_.schema, with_arguments({"--model.layers=9", "--data.train= x # y"}));
  Example other;
  const Resolution second = resolve(other.schema, with_file(resolved_text(first)));
  ASSERT_EQ(second.values.size(), first.values.size());
  for (std::size_t i = 0; i < first.values.size(); ++i) {
    EXPECT_EQ(second.values[i].key, first.values[i].key);
    EXPECT_EQ(second.values[i].value, first.values[i].value);
    EXPECT_TRUE(second.values[i].source.starts_with(path_ + ":")) << second.values[i].source;
  }
}

TEST_F(ResolveTest, HelpNamesEverythingInHundredColumns) {
  const std::string help = help_text(example_.schema);
  EXPECT_TRUE(
      help.starts_with("[model]\n"
                       "  layers         hidden widths; empty: a generalized linear model\n"
                       "                 (whole numbers at least 1, separated by commas; default: empty)\n"))
      << help;
  for (const Option& option : example_.schema.options()) {
    EXPECT_NE(help.find("  " + option.name + " "), std::string::npos) << option.key;
  }
  for (const std::string& line : lines_of(help)) {
    EXPECT_LE(width(line), 100U) << line;
  }
}

struct WordyOptions {
  bool flag = false;

  template <typename Visitor>
  void visit(Visitor&& option) {
    option("flag", flag, core::anything(), core::Role::run,
           "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
           "seventeen eighteen nineteen twenty");
  }
};

TEST(HelpText, WrapsUnderTheFirstWord) {
  WordyOptions options;
  Schema schema;
  schema.add("a", options);
  EXPECT_EQ(help_text(schema),
            "[a]\n"
            "  flag  one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen\n"
            "        sixteen seventeen eighteen nineteen twenty\n"
            "        (true or false; default: false)\n");
}

}  // namespace
}  // namespace cauchy::config

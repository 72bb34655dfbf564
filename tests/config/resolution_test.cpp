/// Resolutions as text: for people, for checkpoints, and the differences between two.

#include "cauchy/config/resolution.hpp"

#include <gtest/gtest.h>

#include "cauchy/core/error.hpp"

namespace cauchy::config {
namespace {

using core::Role;

Resolution example() {
  return {{{"optimizer.learning_rate", "0.1", "default", Role::problem, "0.1"},
           {"optimizer.method", "momentum", "x.cfg:7", Role::problem, "gradient_descent"},
           {"model.layers", "", "command line", Role::problem, ""},
           {"data.train", "a #1.h5", "odd\nname:3", Role::data, ""},
           {"stop.max_steps", "none", "default", Role::run, "none"}}};
}

TEST(ResolvedText, AlignsNamesAndSources) {
  EXPECT_EQ(resolved_text(example()),
            "[optimizer]\n"
            "learning_rate = 0.1       # default\n"
            "method        = momentum  # x.cfg:7\n"
            "\n"
            "[model]\n"
            "layers =  # command line\n"
            "\n"
            "[data]\n"
            "train = \"a #1.h5\"  # odd?name:3\n"
            "\n"
            "[stop]\n"
            "max_steps = none  # default\n");
}

TEST(ResolvedText, ReadsBack) {
  const Resolution resolution = example();
  const std::vector<Entry> entries = parse_text(resolved_text(resolution), "text");
  ASSERT_EQ(entries.size(), resolution.values.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].key, resolution.values[i].key);
    EXPECT_EQ(entries[i].value, resolution.values[i].value);
  }
}

TEST(ResolvedText, GathersASectionThatSeveralRoomsShare) {
  const Resolution resolution{{{"optimizer.method", "momentum", "default", Role::problem, "momentum"},
                               {"run.seed", "1", "default", Role::problem, "1"},
                               {"optimizer.batch_size", "full", "default", Role::problem, "full"}}};
  EXPECT_EQ(resolved_text(resolution),
            "[optimizer]\n"
            "method     = momentum  # default\n"
            "batch_size = full      # default\n"
            "\n"
            "[run]\n"
            "seed = 1  # default\n");
}

TEST(ProblemText, HoldsWhatDeterminesTheParametersSortedWithoutSources) {
  EXPECT_EQ(problem_text(example()),
            "[data]\n"
            "train = \"a #1.h5\"\n"
            "[model]\n"
            "layers =\n"
            "[optimizer]\n"
            "learning_rate = 0.1\n"
            "method = momentum\n");
}

TEST(ParseText, TellsDamage) {
  try {
    parse_text("[a]\nx\ny\n", "checkpoint.h5");
    FAIL() << "no error";
  } catch (const core::UserError& error) {
    EXPECT_STREQ(error.what(),
                 "checkpoint.h5:2: \"x\" has no '='; a line reads key = value\n"
                 "checkpoint.h5:3: \"y\" has no '='; a line reads key = value");
  }
}

TEST(Differences, NoneFromItself) {
  EXPECT_TRUE(differences(parse_text(problem_text(example()), "text"), example()).empty());
}

TEST(Differences, OfProblemKeysOnly) {
  const std::vector<Entry> stored = {{"optimizer.learning_rate", "0.2"},
                                     {"optimizer.method", "momentum"},
                                     {"data.train", "elsewhere.h5"},
                                     {"stop.max_steps", "5"}};
  const std::vector<Difference> found = differences(stored, example());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].key, "optimizer.learning_rate");
  EXPECT_EQ(found[0].before, "0.2");
  EXPECT_EQ(found[0].now, "0.1");
}

TEST(Differences, AMissingKeyHadItsDefaultAndAnUnknownOneIsTold) {
  const std::vector<Difference> found = differences(std::vector<Entry>{{"model.depth", "3"}}, example());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].key, "optimizer.method");
  EXPECT_EQ(found[0].before, "gradient_descent");
  EXPECT_EQ(found[0].now, "momentum");
  EXPECT_EQ(found[1].key, "model.depth");
  EXPECT_EQ(found[1].before, "3");
  EXPECT_EQ(found[1].now, "");
}

}  // namespace
}  // namespace cauchy::config

// Lines for people: how many, in which form, with which time left.

#include "cauchy/reporting/progress.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <thread>

namespace cauchy::reporting {
namespace {

using training::StepReport;
using training::StopReason;
using training::TrainingState;

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

class ProgressTest : public testing::Test {
 protected:
  ProgressTest() { options_.metric = "accuracy"; }

  /// Takes steps with a new Progress, `stop` with the last of them.
  void play(std::uint64_t steps, StopReason stop = StopReason::none) {
    Progress<float> progress(options_, output_, state_);
    for (std::uint64_t step = 1; step <= steps; ++step) {
      take_step(progress, step == steps ? stop : StopReason::none);
    }
  }

  void take_step(Progress<float>& progress, StopReason stop) {
    state_.stopping.steps += 1;
    state_.stopping.gradient_norm = 0.25;
    state_.history.samples += 10;
    state_.history.epoch_weight = 10;
    state_.history.epoch_nll_sum = 15;
    state_.sampler.step += 1;
    StepReport report;
    report.steps_in_epoch = steps_in_epoch_;
    report.epoch_finished = state_.sampler.step == steps_in_epoch_;
    report.stop = stop;
    if (report.epoch_finished) {
      state_.sampler = {state_.sampler.epoch + 1, 0};
    }
    progress.step_finished(report, state_);
  }

  std::int64_t lines() const { return std::ranges::count(output_.str(), '\n'); }

  /// The seconds of the last "1:02 left".
  double seconds_left() const {
    const std::string text = output_.str();
    const std::size_t end = text.rfind(" left");
    const std::size_t colon = text.rfind(':', end);
    const std::size_t begin = text.rfind(' ', colon) + 1;
    return 60 * std::stod(text.substr(begin, colon - begin)) + std::stod(text.substr(colon + 1, end - colon - 1));
  }

  std::uint64_t steps_in_epoch_ = 4;
  ProgressOptions options_;
  TrainingState<float> state_;
  std::ostringstream output_;
};

TEST_F(ProgressTest, PlainLinesHoldNothingForTerminals) {
  options_.stop.max_steps = 3;
  play(3, StopReason::max_steps);
  const std::string text = output_.str();
  EXPECT_EQ(lines(), 3);
  EXPECT_TRUE(text.starts_with("epoch 1  step 1/3  NLL 1.5        gradient 0.25    ")) << text;
  EXPECT_TRUE(text.ends_with(" samples/s\n")) << text;
  EXPECT_TRUE(std::ranges::all_of(text, [](char character) { return character == '\n' || character >= ' '; })) << text;
}

TEST_F(ProgressTest, ATerminalsLineRewritesItself) {
  options_.terminal = true;
  options_.stop.max_steps = 1000;
  Progress<float> progress(options_, output_, state_);
  take_step(progress, StopReason::none);
  EXPECT_EQ(output_.str(), "");
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  take_step(progress, StopReason::none);
  const std::string rewritten = output_.str();
  EXPECT_TRUE(rewritten.starts_with("\repoch 1  step    2/1000  ")) << rewritten;
  EXPECT_TRUE(rewritten.ends_with(" left\x1b[K")) << rewritten;
  take_step(progress, StopReason::request);
  const std::string kept = output_.str().substr(rewritten.size());
  EXPECT_TRUE(kept.starts_with("\repoch 1  step    3/1000  ")) << kept;
  EXPECT_TRUE(kept.ends_with("\x1b[K\n")) << kept;
}

// A machine that stands still for seconds may add a line for each: hence the room above the twenty.
TEST_F(ProgressTest, AboutTwentyLinesARunOfSteps) {
  options_.stop.max_steps = 1000;
  play(1000, StopReason::max_steps);
  EXPECT_GE(lines(), 20);
  EXPECT_LE(lines(), 25);
}

TEST_F(ProgressTest, AboutTwentyLinesARunOfEpochs) {
  options_.stop.max_epochs = 200;
  play(200 * steps_in_epoch_, StopReason::max_epochs);
  EXPECT_GE(lines(), 20);
  EXPECT_LE(lines(), 25);
}

TEST_F(ProgressTest, ShortRunsHaveALineAnEpoch) {
  options_.stop.max_epochs = 5;
  play(5 * steps_in_epoch_, StopReason::max_epochs);
  EXPECT_GE(lines(), 5);
  EXPECT_LE(lines(), 10);
}

TEST_F(ProgressTest, HugeLimitsAreFarAway) {
  for (const std::uint64_t limit : {largest, largest - 18, largest / 4 + 1}) {
    options_.stop = {};
    options_.stop.max_epochs = limit;
    play(2 * steps_in_epoch_, StopReason::request);
    EXPECT_NE(output_.str().find("/" + std::to_string(largest) + "  NLL"), std::string::npos) << output_.str();
    options_.stop.max_steps = limit;
    play(2 * steps_in_epoch_, StopReason::request);
    output_.str("");
  }
}

TEST_F(ProgressTest, TimeLeftIsThatOfTheStepsToCome) {
  options_.stop.max_steps = 20;  // a line each step
  options_.stop.max_epochs = 100;
  const core::Timer timer;
  Progress<float> progress(options_, output_, state_);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  take_step(progress, StopReason::none);
  const double most = 19 * timer.seconds();
  EXPECT_GE(seconds_left(), 19 * 0.3 - 0.5);  // shown in whole seconds
  EXPECT_LE(seconds_left(), most + 0.5);
}

TEST_F(ProgressTest, TheNearestLimitCounts) {
  steps_in_epoch_ = 1000;
  options_.stop.max_steps = 20;
  options_.stop.max_epochs = largest;
  options_.stop.max_seconds = 1;
  Progress<float> progress(options_, output_, state_);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  take_step(progress, StopReason::none);
  EXPECT_LE(seconds_left(), 1);  // by steps it would be 5.7 s
}

TEST_F(ProgressTest, AResumedRunCountsItsOwnTime) {
  options_.stop.max_steps = 20;
  state_.stopping.steps = 18;
  state_.history.samples = 1000000;
  Progress<float> progress(options_, output_, state_);
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  take_step(progress, StopReason::none);
  EXPECT_GE(seconds_left(), 1);  // one step of 0.6 s is left; of 0.6 s / 19 it would be 0
  const std::string text = output_.str();
  const std::size_t end = text.find(" samples/s");
  const std::size_t begin = text.rfind("  ", end - 1) + 2;
  EXPECT_LE(std::stod(text.substr(begin, end - begin)), 10 / 0.6) << text;
}

}  // namespace
}  // namespace cauchy::reporting

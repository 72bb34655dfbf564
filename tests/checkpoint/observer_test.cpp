// When checkpoints are saved, and what happens when they cannot be.

#include "cauchy/checkpoint/observer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "checkpoint/example_state.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy::checkpoint {
namespace {

training::StepReport report_of(bool epoch_finished, bool save_requested = false,
                               training::StopReason stop = training::StopReason::none) {
  training::StepReport report;
  report.epoch_finished = epoch_finished;
  report.save_requested = save_requested;
  report.stop = stop;
  return report;
}

const training::StepReport plain = report_of(false);
const training::StepReport save_requested = report_of(false, true);

class ObserverTest : public testing::Test {
 protected:
  ObserverTest() {
    options_.directory = (folder_ / "runs").string();
    options_.every_epochs = 0;
    options_.keep = 100;
  }

  CheckpointObserver<float> observer() { return {options_, test::example_description(), warnings_, seconds_}; }

  bool saved(std::uint64_t step) const {
    std::string number = std::to_string(step);
    number.insert(0, 8 - number.size(), '0');
    return std::filesystem::exists(folder_ / ("runs/checkpoint-" + number + ".h5"));
  }

  /// The state after a step; four steps make an epoch.
  const training::TrainingState<float>& after(std::uint64_t step) {
    state_.stopping.steps = step;
    state_.sampler = {step / 4, step % 4};
    return state_;
  }

  /// A step, and the evaluation of the next one, which proves its state.
  static void finish(CheckpointObserver<float>& watching, const training::StepReport& report,
                     const training::TrainingState<float>& state) {
    watching.step_finished(report, state);
    watching.state_proved(state);
  }

  /// Which of the first 16 steps an observer with the present options saves.
  std::vector<std::uint64_t> saved_steps() {
    CheckpointObserver<float> watching = observer();
    std::vector<std::uint64_t> result;
    for (std::uint64_t step = 1; step <= 16; ++step) {
      finish(watching, report_of(step % 4 == 0), after(step));
      if (saved(step)) {
        result.push_back(step);
      }
    }
    return result;
  }

  /// The steps of the warnings so far.
  std::vector<std::uint64_t> steps_warned_of() const {
    const std::string text = warnings_.str();
    const std::string start = "no checkpoint of step ";
    std::vector<std::uint64_t> steps;
    for (std::size_t at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
      steps.push_back(std::stoull(text.substr(at + start.size())));
    }
    return steps;
  }

  test::TemporaryFolder folder_;
  CheckpointOptions options_;
  training::TrainingState<float> state_ = test::example_state<float>();
  std::ostringstream warnings_;
  core::PhaseSeconds seconds_;
};

TEST_F(ObserverTest, SavesBySteps) {
  options_.every_steps = 5;
  EXPECT_EQ(saved_steps(), (std::vector<std::uint64_t>{5, 10, 15}));
}

TEST_F(ObserverTest, SavesByEpochs) {
  options_.every_epochs = 2;
  EXPECT_EQ(saved_steps(), (std::vector<std::uint64_t>{8, 16}));
}

TEST_F(ObserverTest, SavesByNothing) {
  EXPECT_TRUE(saved_steps().empty());
}

TEST_F(ObserverTest, SavesOnRequestAndAtTheEnd) {
  CheckpointObserver<float> watching = observer();
  EXPECT_FALSE(watching.newest());
  finish(watching, save_requested, after(3));
  EXPECT_TRUE(saved(3));
  finish(watching, plain, after(4));
  EXPECT_FALSE(saved(4));
  finish(watching, report_of(false, false, training::StopReason::max_steps), after(5));
  EXPECT_TRUE(saved(5));
  EXPECT_EQ(watching.newest(), folder_ / "runs/checkpoint-00000005.h5");
  EXPECT_EQ(load<float>(*watching.newest(), test::example_layout()).sampler, after(5).sampler);
  EXPECT_FALSE(watching.last_save_failed());
  EXPECT_GT(seconds_[core::Phase::checkpoint], 0);
  EXPECT_EQ(warnings_.str(), "");
}

TEST_F(ObserverTest, WaitsForTheProofButNotAtTheEnd) {
  options_.every_steps = 1;
  CheckpointObserver<float> watching = observer();
  watching.step_finished(plain, after(1));
  EXPECT_FALSE(saved(1));  // the next evaluation may still find that step 1 has diverged
  watching.state_proved(after(1));
  EXPECT_TRUE(saved(1));
  watching.step_finished(report_of(false, false, training::StopReason::max_steps), after(2));
  EXPECT_TRUE(saved(2));
}

TEST_F(ObserverTest, VotesWhenTimeHasPassed) {
  options_.every_seconds = 0.2;
  CheckpointObserver<float> watching = observer();
  EXPECT_FALSE(watching.votes().save);
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  EXPECT_TRUE(watching.votes().save);
  finish(watching, save_requested, after(1));
  EXPECT_FALSE(watching.votes().save);
  options_.every_seconds = 0;
  EXPECT_FALSE(observer().votes().save);
}

TEST_F(ObserverTest, NeverSavesWhatIsNotFinite) {
  CheckpointObserver<float> watching = observer();
  finish(watching, save_requested, after(1));
  state_.method.x[3] = std::numeric_limits<float>::quiet_NaN();
  finish(watching, save_requested, after(2));
  EXPECT_FALSE(saved(2));
  EXPECT_TRUE(watching.last_save_failed());
  EXPECT_NE(warnings_.str().find("step 2: the parameters hold NaN or infinity"), std::string::npos) << warnings_.str();
  state_.method.x[3] = 0;
  state_.method.slots[1].values[0] = std::numeric_limits<float>::infinity();
  finish(watching, save_requested, after(3));
  EXPECT_FALSE(saved(3));
  EXPECT_EQ(watching.newest(), folder_ / "runs/checkpoint-00000001.h5");
}

TEST_F(ObserverTest, AFailedWriteIsAWarningAndTheNextIsTried) {
  options_.every_steps = 1;
  CheckpointObserver<float> watching = observer();
  finish(watching, plain, after(1));
  std::filesystem::rename(folder_ / "runs", folder_ / "elsewhere");
  finish(watching, plain, after(2));
  EXPECT_TRUE(watching.last_save_failed());
  EXPECT_NE(warnings_.str().find("warning: no checkpoint of step 2: "), std::string::npos) << warnings_.str();
  EXPECT_NE(warnings_.str().find("No such file or directory"), std::string::npos) << warnings_.str();
  std::filesystem::rename(folder_ / "elsewhere", folder_ / "runs");
  finish(watching, plain, after(3));
  EXPECT_FALSE(watching.last_save_failed());
  EXPECT_TRUE(saved(1));
  EXPECT_TRUE(saved(3));
}

TEST_F(ObserverTest, FailuresInARowAreToldOnceUntilOneSucceeds) {
  options_.every_steps = 1;
  CheckpointObserver<float> watching = observer();
  std::filesystem::rename(folder_ / "runs", folder_ / "elsewhere");
  for (std::uint64_t step = 1; step <= 5; ++step) {
    finish(watching, plain, after(step));
  }
  EXPECT_EQ(steps_warned_of(), (std::vector<std::uint64_t>{1}));
  EXPECT_TRUE(watching.last_save_failed());
  std::filesystem::rename(folder_ / "elsewhere", folder_ / "runs");
  finish(watching, plain, after(6));
  EXPECT_EQ(steps_warned_of(), (std::vector<std::uint64_t>{1}));
  std::filesystem::rename(folder_ / "runs", folder_ / "elsewhere");
  finish(watching, plain, after(7));
  finish(watching, plain, after(8));
  EXPECT_EQ(steps_warned_of(), (std::vector<std::uint64_t>{1, 7}));
  EXPECT_EQ(warnings_.str().find("attempts have failed"), std::string::npos) << warnings_.str();
}

TEST_F(ObserverTest, LastingFailuresAreToldAgainWithTheirNumber) {
  options_.every_steps = 1;
  CheckpointObserver<float> watching(options_, test::example_description(), warnings_, seconds_, 0.5);
  std::filesystem::rename(folder_ / "runs", folder_ / "elsewhere");
  for (std::uint64_t step = 1; step <= 3; ++step) {
    finish(watching, plain, after(step));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  finish(watching, plain, after(4));
  EXPECT_EQ(steps_warned_of(), (std::vector<std::uint64_t>{1, 4}));
  EXPECT_NE(warnings_.str().find("(3 attempts have failed since the last warning)"), std::string::npos)
      << warnings_.str();
}

}  // namespace
}  // namespace cauchy::checkpoint

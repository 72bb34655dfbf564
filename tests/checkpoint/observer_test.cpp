// When checkpoints are saved, and what happens when they cannot be.

#include "cauchy/checkpoint/observer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "cauchy/core/error.hpp"
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
    std::filesystem::create_directory(options_.directory);
    state_.stopping.best_step = 0;
    options_.every_epochs = 0;
    options_.keep = 100;
  }

  /// An observer whose writes wait while `closed_`, and fail while `broken_`.
  CheckpointObserver<float> observer(double warning_seconds = 60, bool validates = false) {
    return {options_,
            {.description = test::example_description(),
             .steps_per_epoch = 4,
             .validates = validates,
             .warnings = warnings_,
             .seconds = seconds_,
             .prepare =
                 [this] {
                   closed_.wait(true);
                   if (broken_) {
                     throw core::InputOutputError("the folder is broken");
                   }
                 },
             .warning_seconds = warning_seconds},
            state_};
  }

  void open() {
    closed_ = false;
    closed_.notify_all();
  }

  /// Returns when all that `watching` has begun is written, and it knows.
  static void settle(CheckpointObserver<float>& watching) {
    while (watching.is_writing()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    watching.votes();
  }

  std::filesystem::path path_of(std::uint64_t step) const {
    std::string number = std::to_string(step);
    number.insert(0, 8 - number.size(), '0');
    return folder_ / ("runs/checkpoint-" + number + ".h5");
  }

  bool saved(std::uint64_t step) const { return std::filesystem::exists(path_of(step)); }

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
    settle(watching);
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
  std::atomic<bool> closed_ = false;
  std::atomic<bool> broken_ = false;
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
  EXPECT_EQ(watching.last_failure(), "");
  EXPECT_GT(seconds_[core::Phase::checkpoint], 0);
  EXPECT_EQ(warnings_.str(), "");
}

TEST_F(ObserverTest, WaitsForTheProofButNotAtTheEnd) {
  options_.every_steps = 1;
  CheckpointObserver<float> watching = observer();
  watching.step_finished(plain, after(1));
  settle(watching);
  EXPECT_FALSE(saved(1));  // the next evaluation may still find that step 1 has diverged
  watching.state_proved(after(1));
  settle(watching);
  EXPECT_TRUE(saved(1));
  watching.step_finished(report_of(false, false, training::StopReason::max_steps), after(2));
  EXPECT_TRUE(saved(2));
}

TEST_F(ObserverTest, VotesWhenTimeHasPassed) {
  options_.every_seconds = 2;
  CheckpointObserver<float> watching = observer();
  EXPECT_FALSE(watching.votes().save);
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  EXPECT_TRUE(watching.votes().save);
  finish(watching, save_requested, after(1));
  EXPECT_FALSE(watching.votes().save);
  options_.every_seconds = 0;
  CheckpointObserver<float> never = observer();
  EXPECT_FALSE(never.votes().save);
}

TEST_F(ObserverTest, NeverSavesWhatIsNotFinite) {
  CheckpointObserver<float> watching = observer();
  finish(watching, save_requested, after(1));
  state_.method.x[3] = std::numeric_limits<float>::quiet_NaN();
  finish(watching, save_requested, after(2));
  EXPECT_FALSE(saved(2));
  EXPECT_NE(watching.last_failure(), "");
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
  EXPECT_NE(watching.last_failure(), "");
  EXPECT_NE(warnings_.str().find("warning: no checkpoint of step 2: "), std::string::npos) << warnings_.str();
  EXPECT_NE(warnings_.str().find("No such file or directory"), std::string::npos) << warnings_.str();
  std::filesystem::rename(folder_ / "elsewhere", folder_ / "runs");
  finish(watching, plain, after(3));
  EXPECT_EQ(watching.last_failure(), "");
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
  EXPECT_NE(watching.last_failure(), "");
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
  CheckpointObserver<float> watching = observer(2);
  std::filesystem::rename(folder_ / "runs", folder_ / "elsewhere");
  for (std::uint64_t step = 1; step <= 3; ++step) {
    finish(watching, plain, after(step));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  finish(watching, plain, after(4));
  EXPECT_EQ(steps_warned_of(), (std::vector<std::uint64_t>{1, 4}));
  EXPECT_NE(warnings_.str().find("(3 attempts have failed since the last warning)"), std::string::npos)
      << warnings_.str();
}

TEST_F(ObserverTest, TrainingGoesOnWhileACheckpointIsWritten) {
  options_.every_steps = 1;
  CheckpointObserver<float> watching = observer();
  closed_ = true;
  watching.step_finished(plain, after(1));
  watching.state_proved(after(1));
  EXPECT_TRUE(watching.is_writing());
  state_.method.x[0] = 77;  // the next step has begun
  open();
  settle(watching);
  EXPECT_EQ(load<float>(path_of(1), test::example_layout()).method.x, test::example_state<float>().method.x);
}

TEST_F(ObserverTest, StepsThatWereAskedForWaitForTheWriteBefore) {
  options_.every_steps = 1;
  CheckpointObserver<float> watching = observer();
  closed_ = true;
  watching.step_finished(plain, after(1));
  watching.state_proved(after(1));
  std::thread opener([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    open();
  });
  const core::Timer timer;
  watching.step_finished(plain, after(2));
  watching.state_proved(after(2));
  EXPECT_GE(timer.seconds(), 0.15);
  EXPECT_GE(seconds_[core::Phase::checkpoint], 0.15);  // training stood still
  opener.join();
  settle(watching);
  EXPECT_TRUE(saved(1));
  EXPECT_TRUE(saved(2));
}

TEST_F(ObserverTest, TimeAsksOnceForEachCheckpoint) {
  options_.every_seconds = 0.05;
  CheckpointObserver<float> watching = observer();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(watching.votes().save);
  watching.step_finished(save_requested, after(1));
  // The vote of the step that will prove it.
  EXPECT_FALSE(watching.votes().save);
  EXPECT_TRUE(watching.votes().saving);
}

TEST_F(ObserverTest, BestOnesDoNotPutOffNumberedOnes) {
  options_.every_seconds = 0.05;
  CheckpointObserver<float> watching = observer(60, true);
  training::StepReport best = report_of(true);
  best.is_best = true;
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  closed_ = true;
  watching.step_finished(best, after(4));
  watching.state_proved(after(4));
  EXPECT_TRUE(watching.is_writing());
  EXPECT_TRUE(watching.votes().save);
  open();
  settle(watching);
  EXPECT_TRUE(watching.votes().save);
}

TEST_F(ObserverTest, BestOnesTakeLittleTime) {
  CheckpointObserver<float> watching = observer(60, true);
  training::StepReport best = report_of(true);
  best.is_best = true;
  closed_ = true;
  watching.step_finished(best, after(4));
  watching.state_proved(after(4));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  open();
  settle(watching);
  const core::Timer timer;
  watching.step_finished(best, after(8));
  watching.state_proved(after(8));
  settle(watching);
  EXPECT_GE(timer.seconds(), 1.5);  // nine times 200 ms, less what settle() took
  EXPECT_EQ(read_header(folder_ / "runs/best.h5").stopping.steps, 8U);
}

TEST_F(ObserverTest, DivergenceLeavesACheckpointOfTheSameStepAsItIs) {
  options_.every_steps = 1;
  CheckpointObserver<float> watching = observer();
  watching.step_finished(plain, after(1));
  watching.state_proved(after(1));
  training::TrainingState<float> poorer = after(1);
  poorer.method.x.front() += 1;
  watching.diverged(poorer);
  const auto saved = load<float>(*watching.newest(), test::example_layout());
  EXPECT_EQ(saved.method.x.front(), after(1).method.x.front());
  watching.step_finished(plain, after(2));
  watching.diverged(after(2));
  EXPECT_EQ(watching.newest(), folder_ / "runs/checkpoint-00000002.h5");
}

TEST_F(ObserverTest, TheLastFailureIsAlwaysTold) {
  options_.every_steps = 1;
  CheckpointObserver<float> watching = observer();
  broken_ = true;
  finish(watching, plain, after(1));
  finish(watching, plain, after(2));
  watching.diverged(after(3));
  EXPECT_EQ(steps_warned_of(), (std::vector<std::uint64_t>{1, 3}));
}

TEST_F(ObserverTest, TimeAsksForNothingWhileAWriteIsUnderWay) {
  options_.every_seconds = 0.05;
  CheckpointObserver<float> watching = observer();
  closed_ = true;
  watching.step_finished(save_requested, after(1));
  watching.state_proved(after(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(watching.votes().save);
  open();
  settle(watching);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(watching.votes().save);
}

TEST_F(ObserverTest, TheLastStepWaitsForAllWrites) {
  CheckpointObserver<float> watching = observer(60, true);
  closed_ = true;
  watching.step_finished(save_requested, after(1));
  watching.state_proved(after(1));
  std::thread opener([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    open();
  });
  watching.step_finished(report_of(false, false, training::StopReason::request), after(2));
  EXPECT_FALSE(watching.is_writing());
  EXPECT_TRUE(saved(1));
  EXPECT_TRUE(saved(2));
  opener.join();
  EXPECT_EQ(watching.summary().checkpoints, 2U);
}

TEST_F(ObserverTest, TheEndOfTheObserverWaitsToo) {
  {
    CheckpointObserver<float> watching = observer();
    watching.step_finished(save_requested, after(1));
    watching.state_proved(after(1));
  }
  EXPECT_TRUE(saved(1));
}

TEST_F(ObserverTest, SavesTheBestUnderItsName) {
  CheckpointObserver<float> watching = observer(60, true);
  training::StepReport best = report_of(true);
  best.is_best = true;
  finish(watching, best, after(4));
  EXPECT_FALSE(saved(4));
  EXPECT_EQ(read_header(folder_ / "runs/best.h5").stopping.steps, 4U);
  finish(watching, report_of(true), after(8));
  EXPECT_EQ(read_header(folder_ / "runs/best.h5").stopping.steps, 4U);
  EXPECT_FALSE(watching.newest());
}

TEST_F(ObserverTest, ABetterOneTakesThePlaceOfTheBestThatWaits) {
  CheckpointObserver<float> watching = observer(60, true);
  training::StepReport best = report_of(true);
  best.is_best = true;
  closed_ = true;
  watching.step_finished(save_requested, after(1));
  watching.state_proved(after(1));
  for (const std::uint64_t step : {4U, 8U, 12U}) {
    watching.step_finished(best, after(step));
    watching.state_proved(after(step));  // does not wait
  }
  open();
  settle(watching);
  EXPECT_EQ(read_header(folder_ / "runs/best.h5").stopping.steps, 12U);
  EXPECT_EQ(watching.summary().checkpoints, 2U);
}

TEST_F(ObserverTest, KeepsForEverBySteps) {
  options_.keep = 1;
  options_.keep_every_steps = 6;
  options_.every_steps = 5;
  saved_steps();
  EXPECT_TRUE(saved(6) && saved(12) && saved(15));
  EXPECT_FALSE(saved(5) || saved(10));
}

TEST_F(ObserverTest, KeepsForEverByEpochs) {
  options_.keep = 1;
  options_.keep_every_epochs = 2;
  options_.every_steps = 5;
  saved_steps();
  EXPECT_TRUE(saved(8) && saved(16));
  EXPECT_FALSE(saved(4) || saved(5) || saved(10) || saved(12) || saved(15));
}

TEST_F(ObserverTest, VotesToStopWhereCheckpointsAreRequired) {
  for (const bool required : {false, true}) {
    options_.required = required;
    CheckpointObserver<float> watching = observer();
    broken_ = true;
    finish(watching, save_requested, after(1));
    EXPECT_EQ(watching.votes().stop, required ? training::StopReason::failure : training::StopReason::none);
    EXPECT_EQ(watching.fatal_failure(), required ? "the folder is broken" : "");
    broken_ = false;
    watching.step_finished(report_of(false, false, training::StopReason::failure), after(2));  // one more attempt
    EXPECT_TRUE(saved(2));
    EXPECT_EQ(watching.last_failure(), "");
    EXPECT_EQ(watching.fatal_failure(), required ? "the folder is broken" : "");
    std::filesystem::remove(path_of(2));
  }
}

TEST_F(ObserverTest, ExpectsWritesToTakeAsLongAsTheyDid) {
  CheckpointObserver<float> watching = observer();
  EXPECT_GT(watching.expected_seconds(), 0);  // a guess
  closed_ = true;
  watching.step_finished(save_requested, after(1));
  watching.state_proved(after(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  open();
  settle(watching);
  EXPECT_GE(watching.expected_seconds(), 0.2);
}

}  // namespace
}  // namespace cauchy::checkpoint

// metrics.csv of a run that is stopped and resumed is that of a run that never stopped, timing columns apart.

#include "cauchy/reporting/metrics_file.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cauchy/core/error.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy::reporting {
namespace {

using training::StepReport;
using training::StopReason;
using training::TrainingState;

constexpr std::uint64_t steps_in_epoch = 4;

/// Plays the part of the trainer: steps first + 1 to last, of a run that stops at `last`.
TrainingState<float> play(MetricsFile<float>& file, TrainingState<float> state, std::uint64_t last) {
  while (state.stopping.steps < last) {
    state.stopping.steps += 1;
    state.stopping.nll = 1.0 / static_cast<double>(state.stopping.steps);
    state.stopping.gradient_norm = 0.1;
    if (state.sampler.step == 0) {
      state.history.epoch_nll_sum = 0;
      state.history.epoch_samples = 0;
    }
    state.history.samples += 10;
    state.history.epoch_samples += 10;
    state.history.epoch_nll_sum += 10 * state.stopping.nll;
    state.sampler.step += 1;
    StepReport report;
    report.learning_rate = 0.5;
    report.epoch_finished = state.sampler.step == steps_in_epoch;
    if (report.epoch_finished) {
      state.sampler = {state.sampler.epoch + 1, 0};
      report.validation = training::Evaluation{5, 0.25, 0.5};
    }
    if (state.stopping.steps == last) {
      report.stop = StopReason::max_steps;
      report.test = training::Evaluation{7, 0.125, 0.75};
    }
    file.step_finished(report, state);
  }
  return state;
}

std::vector<std::string> lines_without_times(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    std::size_t end = 0;
    for (int column = 0; column < 12; ++column) {
      end = line.find(',', end) + 1;
    }
    lines.push_back(line.substr(0, end - 1));
  }
  return lines;
}

class MetricsFileTest : public testing::Test {
 protected:
  MetricsOptions options(const std::string& name, std::uint64_t every_steps) {
    return {folder_ / name, "accuracy", every_steps};
  }

  test::TemporaryFolder folder_;
};

TEST_F(MetricsFileTest, HasARowAnEpochAndTheReasonToStop) {
  MetricsFile<float> file(options("m.csv", 0), {});
  play(file, {}, 10);
  const auto lines = lines_without_times(folder_ / "m.csv");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0],
            "step,epoch,samples,nll,objective,gradient_norm,learning_rate,validation_nll,validation_accuracy,test_nll,"
            "test_accuracy,stop");
  EXPECT_TRUE(lines[1].starts_with("4,1,40,0.520833")) << lines[1];  // (1 + 1/2 + 1/3 + 1/4)/4
  EXPECT_TRUE(lines[1].ends_with(",0.1,0.5,0.25,0.5,,,")) << lines[1];
  EXPECT_TRUE(lines[3].starts_with("10,2,100,")) << lines[3];
  EXPECT_TRUE(lines[3].ends_with(",,,0.125,0.75,max_steps")) << lines[3];
}

TEST_F(MetricsFileTest, ResumedFileIsThatOfARunThatNeverStopped) {
  for (const std::uint64_t every_steps : {0UL, 1UL, 3UL}) {
    MetricsFile<float> whole(options("whole.csv", every_steps), {});
    play(whole, {}, 17);
    for (std::uint64_t saved = 1; saved <= 16; ++saved) {
      // The run goes on behind its checkpoint, and is killed or stops in order.
      for (const std::uint64_t reached : {saved, saved + 1, saved + 5}) {
        TrainingState<float> state;
        {
          MetricsFile<float> first(options("cut.csv", every_steps), {});
          state = play(first, {}, saved);
        }
        {
          MetricsFile<float> beyond(options("cut.csv", every_steps), {});
          play(beyond, {}, reached);
        }
        MetricsFile<float> resumed(options("cut.csv", every_steps), state);
        play(resumed, state, 17);
        ASSERT_EQ(lines_without_times(folder_ / "cut.csv"), lines_without_times(folder_ / "whole.csv"))
            << "saved at " << saved << ", reached " << reached << ", every " << every_steps;
      }
    }
  }
}

TEST_F(MetricsFileTest, AHalfWrittenLastLineIsTakenBack) {
  TrainingState<float> state;
  {
    MetricsFile<float> file(options("m.csv", 0), {});
    state = play(file, {}, 4);
  }
  const auto before = lines_without_times(folder_ / "m.csv");
  std::ofstream(folder_ / "m.csv", std::ios::app) << "8,2,8";
  MetricsFile<float> resumed(options("m.csv", 0), state);
  play(resumed, state, 8);
  EXPECT_EQ(lines_without_times(folder_ / "m.csv").size(), before.size() + 1);
}

TEST_F(MetricsFileTest, ResumingWhatIsDoneChangesNothing) {
  TrainingState<float> state;
  {
    MetricsFile<float> file(options("m.csv", 0), {});
    state = play(file, {}, 7);
  }
  const auto before = lines_without_times(folder_ / "m.csv");
  { const MetricsFile<float> resumed(options("m.csv", 0), state); }
  EXPECT_EQ(lines_without_times(folder_ / "m.csv"), before);
}

TEST_F(MetricsFileTest, OtherColumnsAreRefused) {
  std::ofstream(folder_ / "m.csv") << "a,b,c\n1,2,3\n";
  TrainingState<float> state;
  state.stopping.steps = 3;
  EXPECT_THROW(MetricsFile<float>(options("m.csv", 0), state), core::InputOutputError);
}

}  // namespace
}  // namespace cauchy::reporting

// metrics.csv of a run that is stopped and resumed is that of a run that never stopped, timing columns apart.

#include "cauchy/reporting/metrics_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <stdexcept>
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

/// Plays the part of the trainer up to a step.
TrainingState<float> play(MetricsFile<float>& file, TrainingState<float> state, std::uint64_t last, StopReason stop) {
  while (state.stopping.steps < last) {
    state.stopping.steps += 1;
    state.stopping.nll = 1.0 / static_cast<double>(state.stopping.steps);
    state.stopping.gradient_norm = 0.1;
    if (state.sampler.step == 0) {
      state.history.epoch_nll_sum = 0;
      state.history.epoch_weight = 0;
    }
    state.history.samples += 10;
    state.history.epoch_weight += 10;
    state.history.epoch_nll_sum += 10 * state.stopping.nll;
    state.sampler.step += 1;
    StepReport report;
    report.learning_rate = 0.5;
    report.epoch_finished = state.sampler.step == steps_in_epoch;
    if (report.epoch_finished) {
      state.sampler = {state.sampler.epoch + 1, 0};
      report.validation = training::Evaluation{5, 0.25, {0.5, 0.875}};
    }
    if (state.stopping.steps == last && stop != StopReason::none) {
      report.stop = stop;
      report.test = training::Evaluation{7, 0.125, {0.75, 0.625}};
    }
    file.step_finished(report, state);
  }
  return state;
}

/// Up to the end of a run.
TrainingState<float> play(MetricsFile<float>& file, const TrainingState<float>& state, std::uint64_t last) {
  return play(file, state, last, StopReason::max_steps);
}

/// Up to a step of a run that goes on.
TrainingState<float> play_on(MetricsFile<float>& file, const TrainingState<float>& state, std::uint64_t last) {
  return play(file, state, last, StopReason::none);
}

/// While it lives, no file of this process grows beyond so many bytes; that of the captured standard error neither.
class SmallDisk {
 public:
  explicit SmallDisk(std::uint64_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    if (setrlimit(RLIMIT_FSIZE, &small) != 0) {
      throw std::runtime_error("setrlimit failed");
    }
  }
  ~SmallDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

std::vector<std::string> lines_without_times(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    std::size_t end = 0;
    for (int column = 0; column < 15; ++column) {
      end = line.find(',', end) + 1;
    }
    lines.push_back(line.substr(0, end - 1));
  }
  return lines;
}

class MetricsFileTest : public testing::Test {
 protected:
  MetricsOptions options(const std::string& name, std::uint64_t every_steps) {
    return {folder_ / name, {"accuracy", "auc"}, every_steps};
  }

  test::TemporaryFolder folder_;
};

TEST_F(MetricsFileTest, HasARowAnEpochAndTheReasonToStop) {
  MetricsFile<float> file(options("m.csv", 0), {});
  play(file, {}, 10);
  const auto lines = lines_without_times(folder_ / "m.csv");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0],
            "step,epoch,samples,nll,objective,gradient_norm,learning_rate,repetitions,validation_nll,"
            "validation_accuracy,validation_auc,test_nll,test_accuracy,test_auc,stop");
  EXPECT_TRUE(lines[1].starts_with("4,1,40,0.520833")) << lines[1];  // (1 + 1/2 + 1/3 + 1/4)/4
  EXPECT_TRUE(lines[1].ends_with(",0.1,0.5,0,0.25,0.5,0.875,,,,")) << lines[1];
  EXPECT_TRUE(lines[3].starts_with("10,2,100,")) << lines[3];
  EXPECT_TRUE(lines[3].ends_with(",,,,0.125,0.75,0.625,max_steps")) << lines[3];
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

TEST_F(MetricsFileTest, RowsComeThroughAfterAFailure) {
  MetricsFile<float> whole(options("whole.csv", 1), {});
  play(whole, {}, 12);
  MetricsFile<float> file(options("m.csv", 1), {});
  TrainingState<float> state = play_on(file, {}, 3);
  testing::internal::CaptureStderr();
  {
    // Room for a part of the next line.
    const SmallDisk full(std::filesystem::file_size(folder_ / "m.csv") + 5);
    state = play_on(file, state, 6);
  }
  const std::string first_warning = testing::internal::GetCapturedStderr();
  EXPECT_EQ(first_warning, "cauchy: warning: cannot write to " + (folder_ / "m.csv").string() +
                               ": File too large; training goes on, and rows wait in memory\n");
  state = play_on(file, state, 7);
  EXPECT_EQ(lines_without_times(folder_ / "m.csv").size(), 8U);
  testing::internal::CaptureStderr();
  {
    const SmallDisk full(std::filesystem::file_size(folder_ / "m.csv"));
    state = play_on(file, state, 9);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), first_warning);
  play(file, state, 12);
  EXPECT_EQ(lines_without_times(folder_ / "m.csv"), lines_without_times(folder_ / "whole.csv"));
}

TEST_F(MetricsFileTest, TellsWhatTheEndOfTheRunLeavesUnwritten) {
  MetricsFile<float> file(options("m.csv", 1), {});
  const TrainingState<float> state = play_on(file, {}, 2);
  const auto before = lines_without_times(folder_ / "m.csv");
  testing::internal::CaptureStderr();
  {
    const SmallDisk full(std::filesystem::file_size(folder_ / "m.csv"));
    play(file, state, 5);
  }
  const std::string warnings = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(warnings.ends_with("rows missing at the end of " + (folder_ / "m.csv").string() + ": 3\n")) << warnings;
  EXPECT_EQ(lines_without_times(folder_ / "m.csv"), before);
}

TEST_F(MetricsFileTest, AResumeOnAFullDiskCatchesUp) {
  MetricsFile<float> whole(options("whole.csv", 1), {});
  play(whole, {}, 12);
  TrainingState<float> state;
  {
    MetricsFile<float> file(options("m.csv", 1), {});
    state = play(file, {}, 6);
  }
  MetricsFile<float> resumed(options("m.csv", 1), state);
  testing::internal::CaptureStderr();
  {
    const SmallDisk full(std::filesystem::file_size(folder_ / "m.csv") - 40);
    state = play_on(resumed, state, 8);
  }
  EXPECT_NE(testing::internal::GetCapturedStderr(), "");
  play(resumed, state, 12);
  EXPECT_EQ(lines_without_times(folder_ / "m.csv"), lines_without_times(folder_ / "whole.csv"));
}

TEST_F(MetricsFileTest, AFileThatCannotBeMadeIsAnError) {
  EXPECT_THROW(MetricsFile<float>(options("no/such/m.csv", 0), {}), core::InputOutputError);
  EXPECT_THROW(MetricsFile<float>(options("", 0), {}), core::InputOutputError);
}

TEST_F(MetricsFileTest, ResumingWarnsOfMissingRows) {
  const auto warning_of_resume = [&](std::uint64_t every_steps, std::uint64_t rows_to, std::uint64_t saved) {
    {
      MetricsFile<float> file(options("m.csv", every_steps), {});
      play_on(file, {}, rows_to);
    }
    MetricsFile<float> elsewhere(options("elsewhere.csv", every_steps), {});
    const TrainingState<float> state = play_on(elsewhere, {}, saved);
    testing::internal::CaptureStderr();
    { const MetricsFile<float> resumed(options("m.csv", every_steps), state); }
    return testing::internal::GetCapturedStderr();
  };
  const auto warning = [&](const char* last_step, const char* saved) {
    return "cauchy: warning: " + (folder_ / "m.csv").string() + " ends at step " + last_step +
           ", before the checkpoint's step " + saved + ": rows are missing\n";
  };
  EXPECT_EQ(warning_of_resume(0, 4, 7), "");
  EXPECT_EQ(warning_of_resume(0, 7, 8), warning("4", "8"));
  EXPECT_EQ(warning_of_resume(0, 3, 9), warning("0", "9"));
  EXPECT_EQ(warning_of_resume(0, 9, 6), "");
  EXPECT_EQ(warning_of_resume(3, 7, 7), "");
  EXPECT_EQ(warning_of_resume(3, 7, 8), warning("6", "8"));
  // The spacing of rows may change on resume, so that only rows of epochs are known to be missing.
  EXPECT_EQ(warning_of_resume(3, 8, 10), "");
}

TEST_F(MetricsFileTest, OtherColumnsAreRefused) {
  std::ofstream(folder_ / "m.csv") << "a,b,c\n1,2,3\n";
  TrainingState<float> state;
  state.stopping.steps = 3;
  EXPECT_THROW(MetricsFile<float>(options("m.csv", 0), state), core::InputOutputError);
}

}  // namespace
}  // namespace cauchy::reporting

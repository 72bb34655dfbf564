// A rank whose state differs is found and named.

#include "cauchy/training/guard.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <string>

#include "cauchy/core/error.hpp"
#include "training/training_fixture.hpp"

namespace cauchy::training {
namespace {

/// Flips one bit of a number.
void damage(double& value) {
  value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 20));
}

/// The message of the guard, empty if it is content; it must be the same error on every rank.
std::string verdict_on(const std::function<void()>& work) {
  try {
    work();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::lost);
    EXPECT_TRUE(error.agreed());
    return error.what();
  }
  return {};
}

class GuardTest : public testing::Test {
 protected:
  static int last_rank() { return test::world().size() - 1; }
  static bool is_last() { return test::world().rank() == last_rank(); }
  static bool alone() { return test::world().size() == 1; }

  void expect_named(const std::string& message) const {
    if (alone()) {
      EXPECT_EQ(message, "");
      return;
    }
    EXPECT_NE(message.find("rank " + std::to_string(last_rank()) + " ("), std::string::npos) << message;
    // Two ranks have no majority: both are named.
    EXPECT_EQ(message.find("rank 0 (") != std::string::npos, test::world().size() == 2) << message;
    EXPECT_NE(message.find("--resume"), std::string::npos) << message;
  }

  test::SharedFolder folder_;
};

TEST_F(GuardTest, ComparesAllThatDecidesTheNextStep) {
  ToyTraining training({.momentum = 0.9}, folder_ / "");
  training.state.stopping.steps = 7;
  training.state.units = {{1, 2, 3, 4}, {0, 1, 2, 3}};
  training.state.standardization = {{0.5, 0.25}, {1, 2}};
  const TrainingState<double> good = training.state;
  const auto check = [&] { return verdict_on([&] { require_same_state(training.channel, training.state); }); };
  EXPECT_EQ(check(), "");
  const std::vector<std::function<void()>> faults{[&] { damage(training.state.method.x[0]); },
                                                  [&] { damage(training.state.method.x.back()); },
                                                  [&] { damage(training.state.method.slots[0].values[5]); },
                                                  [&] { ++training.state.units.exponents[3]; },
                                                  [&] { ++training.state.units.ages[0]; },
                                                  [&] { ++training.state.sampler.step; },
                                                  [&] { damage(training.state.stopping.gradient_norm); },
                                                  [&] { ++training.state.history.samples; },
                                                  [&] { damage(training.state.standardization.scale[1]); }};
  for (const auto& fault : faults) {
    training.state = good;
    if (is_last()) {
      fault();
    }
    const std::string message = check();
    expect_named(message);
    EXPECT_EQ(message.find("after step 7") != std::string::npos, !alone()) << message;
  }
}

// What each rank has of its own, in shares, tells nothing; Θ does.
TEST_F(GuardTest, ComparesNoVectorsInShares) {
  ToyTraining training({.momentum = 0.9, .sharded = true}, folder_ / "");
  const auto check = [&] {
    return verdict_on([&] { require_same_state(training.channel, training.state, training.shares); });
  };
  EXPECT_EQ(check(), "");
  std::ranges::fill(training.state.method.slots[0].values, test::world().rank());
  EXPECT_EQ(check(), "");
  if (is_last()) {
    damage(training.state.method.x[0]);
  }
  expect_named(check());
}

/// Damages a parameter after a step.
class Vandal final : public Observer<double> {
 public:
  Vandal(TrainingState<double>& state, std::uint64_t step) : state_(state), step_(step) {}
  void step_finished(const StepReport& /*report*/, const TrainingState<double>& state) override {
    if (state.stopping.steps == step_) {
      damage(state_.method.x[3]);
    }
  }

 private:
  TrainingState<double>& state_;
  std::uint64_t step_;
};

/// Votes as an observer does that waits to save after a step, and notes what it may have saved.
class Saver final : public Observer<double> {
 public:
  explicit Saver(std::uint64_t step) : step_(step) {}
  Votes votes() override { return {.saving = steps_ == step_}; }
  void step_finished(const StepReport& /*report*/, const TrainingState<double>& state) override {
    steps_ = state.stopping.steps;
  }
  void state_proved(const TrainingState<double>& state) override { saved = saved || state.stopping.steps == step_; }

  bool saved = false;

 private:
  std::uint64_t step_;
  std::uint64_t steps_ = 0;
};

TEST_F(GuardTest, RunsEverySoManySteps) {
  for (const std::uint64_t guard_steps : {5UL, 0UL}) {
    ToyTraining training({.batch_size = 16}, folder_ / "");
    TrainerParts<double> parts = training.parts();
    parts.guard_steps = guard_steps;
    Trainer<double> trainer(parts, {.max_steps = 12}, training.state);
    Vandal vandal(training.state, 6);
    if (is_last()) {
      trainer.add(vandal);
    }
    const std::string message = verdict_on([&] { trainer.run(); });
    if (guard_steps == 0) {
      EXPECT_EQ(message, "");
      continue;
    }
    expect_named(message);
    EXPECT_EQ(message.find("after step 10") != std::string::npos, !alone()) << message;
  }
}

/// Makes a parameter so large that its square, a part of the penalty, does not fit a double.
class Giant final : public Observer<double> {
 public:
  explicit Giant(TrainingState<double>& state) : state_(state) {}
  void step_finished(const StepReport& /*report*/, const TrainingState<double>& state) override {
    if (state.stopping.steps == 6) {
      state_.method.x[3] = 1e200;
    }
  }

 private:
  TrainingState<double>& state_;
};

// The penalty and the norm would be infinite on one rank alone: it must not leave the others in a collective.
TEST_F(GuardTest, ARankWithOtherNumbersGoesNoOtherWay) {
  if (alone()) {
    return;  // one rank has no others to leave
  }
  ToyTraining training({.batch_size = 16, .l2 = 0.01}, folder_ / "");
  TrainerParts<double> parts = training.parts();
  parts.guard_steps = 10;
  Trainer<double> trainer(parts, {.max_steps = 50, .gradient_norm = 1e-12}, training.state);
  Giant giant(training.state);
  if (is_last()) {
    trainer.add(giant);
  }
  const std::string message = verdict_on([&] { trainer.run(); });
  expect_named(message);
  EXPECT_NE(message.find("after step 10"), std::string::npos) << message;
}

// No checkpoint may hold what one rank alone has: neither one on the way nor that of the end.
TEST_F(GuardTest, RunsBeforeAStateIsSaved) {
  ToyTraining training({.batch_size = 16}, folder_ / "");
  Trainer<double> trainer(training.parts(), {.max_steps = 50}, training.state);
  Vandal vandal(training.state, 6);
  Saver saver(8);
  if (is_last()) {
    trainer.add(vandal);
  }
  if (test::world().is_root()) {
    trainer.add(saver);
  }
  const std::string message = verdict_on([&] { trainer.run(); });
  expect_named(message);
  EXPECT_EQ(message.find("after step 8") != std::string::npos, !alone()) << message;
  EXPECT_EQ(saver.saved, alone());

  ToyTraining other({.batch_size = 16}, folder_ / "");
  Trainer<double> to_the_end(other.parts(), {.max_steps = 9}, other.state);
  Vandal late_vandal(other.state, 8);
  if (is_last()) {
    to_the_end.add(late_vandal);
  }
  const std::string at_the_end = verdict_on([&] { to_the_end.run(); });
  expect_named(at_the_end);
  EXPECT_EQ(at_the_end.find("after step 9") != std::string::npos, !alone()) << at_the_end;
}

}  // namespace
}  // namespace cauchy::training

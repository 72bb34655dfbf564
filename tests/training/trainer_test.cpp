// The loop: when it stops, what it counts, what observers see.

#include "cauchy/training/trainer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>

#include "cauchy/core/error.hpp"
#include "cauchy/training/broadcast.hpp"
#include "cauchy/training/stopping.hpp"
#include "training/training_fixture.hpp"

namespace cauchy::training {
namespace {

/// Keeps what it saw, and votes when told.
class Recorder final : public Observer<double> {
 public:
  Votes votes() override { return reports.size() == vote_after ? vote : Votes{}; }
  void step_finished(const StepReport& report, const TrainingState<double>& state) override {
    reports.push_back(report);
    histories.push_back(state.history);
    positions.push_back(state.sampler);
    slots = state.slots();
  }
  void diverged(const TrainingState<double>& last_proved) override { slots = last_proved.slots(); }

  std::size_t vote_after = SIZE_MAX;
  Votes vote;
  std::vector<StepReport> reports;
  std::vector<History> histories;
  std::vector<SamplerPosition> positions;
  WholeSlots<double> slots;  ///< of the last step, or the last proved state
};

class TrainerTest : public testing::Test {
 protected:
  StepReport run(ToyTraining& training, const StopOptions& stop) {
    Trainer<double> trainer(training.parts(), stop, training.state);
    trainer.add(recorder_);
    return trainer.run();
  }

  test::SharedFolder folder_;
  Recorder recorder_;
};

TEST_F(TrainerTest, CountsStepsEpochsAndSamples) {
  ToyTraining training({.batch_size = 16}, folder_ / "");
  const StepReport last = run(training, {.max_epochs = 3});
  EXPECT_EQ(last.stop, StopReason::max_epochs);
  EXPECT_EQ(training.state.stopping.steps, 12U);
  EXPECT_EQ(training.state.sampler, (SamplerPosition{3, 0}));
  EXPECT_EQ(training.state.history.samples, 183U);
  EXPECT_EQ(training.state.history.epoch_weight, 61U);
  ASSERT_EQ(recorder_.reports.size(), 12U);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(recorder_.reports[i].epoch_finished, i % 4 == 3);
    EXPECT_EQ(recorder_.reports[i].stop != StopReason::none, i == 11);
  }
  EXPECT_EQ(recorder_.positions[4], (SamplerPosition{1, 1}));
}

TEST_F(TrainerTest, StopsByEachCriterionWithItsName) {
  ToyTraining by_steps({.batch_size = 16}, folder_ / "");
  EXPECT_EQ(run(by_steps, {.max_steps = 5}).stop, StopReason::max_steps);
  EXPECT_EQ(by_steps.state.stopping.steps, 5U);
  // A run that is done knows it at once.
  EXPECT_EQ(run(by_steps, {.max_steps = 5}).stop, StopReason::max_steps);
  EXPECT_EQ(by_steps.state.stopping.steps, 5U);

  ToyTraining by_norm({}, folder_ / "");
  EXPECT_EQ(run(by_norm, {.max_steps = 100000, .gradient_norm = 0.05}).stop, StopReason::gradient_norm);
  EXPECT_LE(by_norm.state.stopping.gradient_norm, 0.05);
  EXPECT_LT(by_norm.state.stopping.steps, 100000U);

  ToyTraining by_time({}, folder_ / "");
  TimeLimit<double> limit(
      {{1e-9, StopReason::max_seconds}}, core::Timer(), [] { return 0; }, 0);
  Trainer<double> trainer(by_time.parts(), {.max_steps = 100000}, by_time.state);
  if (test::world().is_root()) {
    trainer.add(limit);
  }
  EXPECT_EQ(trainer.run().stop, StopReason::max_seconds);
  EXPECT_EQ(by_time.state.stopping.steps, 1U);
}

TEST_F(TrainerTest, AVoteOfOneRankStopsAllAfterThatStep) {
  ToyTraining training({.batch_size = 16}, folder_ / "");
  if (test::world().rank() == test::world().size() - 1) {
    recorder_.vote_after = 6;
    recorder_.vote = {StopReason::request, true};
  }
  const StepReport last = run(training, {.max_steps = 100});
  EXPECT_EQ(last.stop, StopReason::request);
  EXPECT_TRUE(last.save_requested);
  EXPECT_EQ(training.state.stopping.steps, 7U);
}

TEST_F(TrainerTest, ReportedNllIsTheMeanOverTheEpochSoFar) {
  ToyTraining training({.batch_size = 16, .learning_rate = 1e-12}, folder_ / "");
  run(training, {.max_epochs = 1});
  const Evaluation all = evaluate<double>(training.channel, training.network, training.state.method.x, training.dataset,
                                          16, training.workers);
  EXPECT_EQ(all.samples, 61U);
  EXPECT_NEAR(training.state.history.epoch_nll(), all.nll, 1e-11);  // Θ moved by 4 steps of 1e-12
}

TEST_F(TrainerTest, DescentReducesTheObjective) {
  for (const double momentum : {0.0, 0.9}) {
    ToyTraining training({.momentum = momentum}, folder_ / "");
    training.objective.select({0, 0}, {});
    linear_algebra::AlignedVector<double> gradient(training.state.method.x.size());
    const double before = training.objective.value_and_gradient(training.state.method.x, gradient);
    run(training, {.max_steps = 50});
    EXPECT_LT(training.state.stopping.nll, before);
  }
}

// A run that is cut in two and goes on from a copy of the state ends in the same bits, in the middle of an epoch too.
TEST_F(TrainerTest, StateIsComplete) {
  for (const std::uint64_t cut : {1UL, 4UL, 6UL, 11UL}) {
    const ToyProblem problem{.batch_size = 16, .momentum = 0.9};
    ToyTraining whole(problem, folder_ / "");
    run(whole, {.max_steps = 12});
    ToyTraining first(problem, folder_ / "");
    run(first, {.max_steps = cut});
    ToyProblem rest = problem;
    rest.units = first.state.units;
    ToyTraining second(rest, folder_ / "");
    second.state = first.state;
    run(second, {.max_steps = 12});
    EXPECT_EQ(second.state.method.x, whole.state.method.x);
    EXPECT_EQ(second.state.method.slots[0].values, whole.state.method.slots[0].values);
    EXPECT_EQ(second.state.sampler, whole.state.sampler);
    EXPECT_EQ(second.state.stopping, whole.state.stopping);
    EXPECT_EQ(second.state.history, whole.state.history);
    EXPECT_EQ(second.state.units, whole.state.units);
  }
}

// Threads take other shards and deliver in another order: the same bits.
TEST_F(TrainerTest, StateDoesNotDependOnThreads) {
  for (const std::uint64_t shards : {4UL, 7UL, 16UL}) {
    const ToyProblem problem{.shards = shards, .batch_size = 16, .momentum = 0.9};
    ToyTraining alone(problem, folder_ / "");
    run(alone, {.max_steps = 12});
    for (const std::size_t threads : {2UL, 3UL, 5UL}) {
      ToyProblem with_threads = problem;
      with_threads.threads = threads;
      ToyTraining together(with_threads, folder_ / "");
      run(together, {.max_steps = 12});
      EXPECT_EQ(together.state.method.x, alone.state.method.x);
      EXPECT_EQ(together.state.units, alone.state.units);
      EXPECT_EQ(together.state.stopping, alone.state.stopping);
      EXPECT_EQ(together.state.history, alone.state.history);
    }
  }
}

/// Those of a rank, of a whole vector.
std::span<const double> part_of(std::span<const double> whole, const Shares& shares) {
  const auto [first, last] = shares.elements(test::world().rank()).within(whole.size());
  return whole.subspan(first, last - first);
}

// With and without overlap, and with float sums; a step that is repeated occurs in all of them.
TEST_F(TrainerTest, StateInSharesIsTheSame) {
  using Overlap = communication::Channel::Overlap;
  for (const ToyProblem& problem :
       {ToyProblem{.batch_size = 16, .l2 = 0.1, .momentum = 0.9}, ToyProblem{.batch_size = 16, .method = "adam"},
        ToyProblem{.batch_size = 16, .overlap = Overlap::on, .method = "lamb"},
        ToyProblem{.batch_size = 16, .reduction = "float", .method = "rmsprop"}}) {
    ToyTraining whole(problem, folder_ / "");
    run(whole, {.max_steps = 12});
    ToyProblem in_shares = problem;
    in_shares.sharded = true;
    ToyTraining parts(in_shares, folder_ / "");
    run(parts, {.max_steps = 12});
    EXPECT_EQ(parts.state.method.x, whole.state.method.x);
    EXPECT_EQ(parts.state.stopping, whole.state.stopping);
    EXPECT_EQ(parts.state.units, whole.state.units);
    EXPECT_EQ(parts.state.whole_slots, nullptr);
    ASSERT_EQ(parts.state.method.slots.size(), whole.state.method.slots.size());
    for (std::size_t i = 0; i < whole.state.method.slots.size(); ++i) {
      const linear_algebra::AlignedVector<double>& expected = whole.state.method.slots[i].values;
      EXPECT_TRUE(std::ranges::equal(parts.state.method.slots[i].values, part_of(expected, parts.shares)));
      if (test::world().is_root()) {  // what a checkpoint would have held
        EXPECT_EQ(recorder_.slots[i].values, expected);
      }
    }
  }
}

TEST_F(TrainerTest, StateInSharesIsUndoneAsAWhole) {
  WholeSlots<double> slots;
  linear_algebra::AlignedVector<double> theta;
  for (const bool sharded : {false, true}) {
    ToyTraining training({.likelihood = "gaussian", .learning_rate = 1e4, .momentum = 0.9, .sharded = sharded},
                         folder_ / "");
    EXPECT_THROW(run(training, {.max_steps = 1000}), core::Error);
    EXPECT_GT(training.state.stopping.steps, 1U);
    if (!sharded) {
      slots = recorder_.slots;
      theta = training.state.method.x;
    }
    EXPECT_EQ(training.state.method.x, theta);
    EXPECT_TRUE(std::ranges::equal(training.state.method.slots[0].values, part_of(slots[0].values, training.shares)));
    if (test::world().is_root()) {  // what is saved
      EXPECT_EQ(recorder_.slots[0].values, slots[0].values);
    }
  }
}

TEST_F(TrainerTest, BroadcastGivesEveryRankTheRootsState) {
  ToyTraining training({.batch_size = 16, .momentum = 0.9}, folder_ / "");
  run(training, {.max_steps = 5});
  TrainingState<double> expected = training.state;
  expected.standardization = {{1, 2, 3}, {4, 5, 6}};
  ASSERT_FALSE(expected.units.exponents.empty());
  TrainingState<double> state = expected;
  if (!test::world().is_root()) {
    state = {};
    state.method = training.method->start(linear_algebra::AlignedVector<double>(expected.method.x.size(), 0.5));
  }
  broadcast_state(test::world(), state);
  EXPECT_EQ(state.method.x, expected.method.x);
  EXPECT_EQ(state.method.slots[0].values, expected.method.slots[0].values);
  EXPECT_EQ(state.sampler, expected.sampler);
  EXPECT_EQ(state.stopping, expected.stopping);
  EXPECT_EQ(state.history, expected.history);
  EXPECT_EQ(state.standardization, expected.standardization);
  EXPECT_EQ(state.units, expected.units);

  const Shares shares(training.network.layout(), test::world().size());
  broadcast_state(test::world(), state, shares);
  const std::vector<double> whole(expected.method.slots[0].values.begin(), expected.method.slots[0].values.end());
  EXPECT_TRUE(std::ranges::equal(state.method.slots[0].values, part_of(whole, shares)));
  EXPECT_EQ(state.method.slots[0].first, shares.elements(test::world().rank()).first);
  EXPECT_EQ(state.method.x, expected.method.x);
}

// Tensors of 15, 5, 20 and 4 elements, each of which is a block, padded to 16, 16, 32 and 16.
TEST_F(TrainerTest, SharesAreWholeBlocksAndEvenAsFarAsTheseAre) {
  const ToyTraining training({}, folder_ / "");
  const model::ParameterLayout& layout = training.network.layout();
  ASSERT_EQ(layout.padded_size(), 80U);
  const auto bounds = [&](int ranks) {
    const Shares shares(layout, ranks);
    return std::vector<std::size_t>(shares.bounds().begin(), shares.bounds().end());
  };
  EXPECT_EQ(bounds(2), (std::vector<std::size_t>{0, 32, 80}));
  EXPECT_EQ(bounds(3), (std::vector<std::size_t>{0, 32, 64, 80}));
  EXPECT_EQ(bounds(6), (std::vector<std::size_t>{0, 16, 32, 32, 64, 64, 80}));
  EXPECT_FALSE(Shares(layout, 1).divided());
  EXPECT_EQ(Shares(layout, 1).elements(0), optimize::Share{});
  EXPECT_EQ(Shares(layout, 2).blocks(1, 4), (data::Range{2, 4}));
  EXPECT_EQ(Shares().blocks(1, 4), (data::Range{0, 4}));
}

}  // namespace
}  // namespace cauchy::training

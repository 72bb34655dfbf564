// J and its gradient over the ranks against the formula over all samples at once.

#include "cauchy/training/objective.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "training/training_fixture.hpp"

namespace cauchy::training {
namespace {

using linear_algebra::AlignedVector;

/// Σ NLL and gradient of chosen rows, by the network alone.
struct Reference {
  double nll = 0;
  AlignedVector<double> gradient;

  Reference(ToyTraining& training, const std::vector<std::uint64_t>& rows) {
    const test::ToyData& toy = training.toy;
    AlignedVector<double> features(rows.size() * toy.inputs);
    AlignedVector<double> targets(rows.size() * toy.target_columns);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::copy_n(toy.features.begin() + static_cast<std::ptrdiff_t>(rows[i] * toy.inputs), toy.inputs,
                  features.begin() + static_cast<std::ptrdiff_t>(i * toy.inputs));
      std::copy_n(toy.target_values.begin() + static_cast<std::ptrdiff_t>(rows[i] * toy.target_columns),
                  toy.target_columns, targets.begin() + static_cast<std::ptrdiff_t>(i * toy.target_columns));
    }
    gradient.assign(training.network.layout().padded_size(), 0.0);
    if (rows.empty()) {
      return;
    }
    auto workspace = training.network.workspace(rows.size());
    nll = training.network.value_and_gradient(
        training.state.method.x,
        {{features.data(), rows.size(), toy.inputs}, {{targets.data(), rows.size(), toy.target_columns}}},
        {gradient, linear_algebra::Write::add}, workspace);
  }
};

std::vector<std::uint64_t> all_rows(const ToyTraining& training) {
  std::vector<std::uint64_t> rows(training.toy.rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = i;
  }
  return rows;
}

class ObjectiveTest : public testing::Test {
 protected:
  test::SharedFolder folder_;
};

TEST_F(ObjectiveTest, FullBatchIsTheFormulaForAnyShards) {
  for (const char* likelihood : {"categorical", "gaussian"}) {
    for (const std::uint64_t shards : {4UL, 7UL, 16UL, 61UL}) {
      ToyTraining training({.shards = shards, .microbatch = 5, .l2 = 0.01, .likelihood = likelihood}, folder_ / "");
      Reference reference(training, all_rows(training));
      AlignedVector<double> gradient(training.network.layout().padded_size(), 7.0);
      training.objective.select({0, 0}, {});
      const double value = training.objective.value_and_gradient(training.state.method.x, gradient);

      double penalty = 0;
      for (const model::Tensor& tensor : training.network.layout().tensors()) {
        for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
          const double weight = tensor.penalized() ? training.state.method.x[i] : 0;
          penalty += 0.01 / 2 * weight * weight;
          // Sums of 61 terms of order 1 and a division, in double.
          ASSERT_NEAR(gradient[i], reference.gradient[i] / 61 + 0.01 * weight, 1e-13) << tensor.path();
        }
      }
      EXPECT_NEAR(value, reference.nll / 61 + penalty, 1e-13);
      EXPECT_EQ(training.objective.result().samples, 61U);
      EXPECT_NEAR(training.objective.result().penalty, penalty, 1e-15);
      EXPECT_NEAR(training.objective.result().gradient_norm,
                  std::sqrt(linear_algebra::sum_of_squares<double>(gradient)), 1e-15);
    }
  }
}

// The same bits on any number of ranks: those of shard after shard on one.
TEST_F(ObjectiveTest, ReportedLossDoesNotDependOnTheRankCount) {
  ToyTraining training({.shards = 7, .microbatch = 16}, folder_ / "");
  AlignedVector<double> gradient(training.network.layout().padded_size());
  training.objective.select({0, 0}, {});
  training.objective.value_and_gradient(training.state.method.x, gradient);
  double expected = 0;
  for (std::uint64_t shard = 0; shard < 7; ++shard) {
    std::vector<std::uint64_t> rows;
    const data::Range range = data::shard_rows(61, 7, shard);
    for (std::uint64_t row = range.first; row < range.last; ++row) {
      rows.push_back(row);
    }
    expected += Reference(training, rows).nll;
  }
  EXPECT_EQ(training.objective.result().nll_sum, expected);
}

TEST_F(ObjectiveTest, MiniBatchesUseEverySampleOnceAndTheirOwnCount) {
  for (const std::uint64_t batch_size : {1UL, 3UL, 10UL, 16UL, 60UL}) {
    for (const std::uint64_t shards : {4UL, 8UL}) {
      ToyTraining training({.shards = shards, .batch_size = batch_size, .microbatch = 2}, folder_ / "");
      const Reference reference(training, all_rows(training));
      AlignedVector<double> gradient(training.network.layout().padded_size());
      AlignedVector<double> gradient_sum(gradient.size(), 0.0);
      double nll_sum = 0;
      std::uint64_t samples = 0;
      for (std::uint64_t step = 0; step < training.sampler.steps_per_epoch(); ++step) {
        training.objective.select({3, step}, {});
        training.objective.value_and_gradient(training.state.method.x, gradient);
        const BatchResult& batch = training.objective.result();
        ASSERT_GE(batch.samples, 1U);
        ASSERT_LE(batch.samples, batch_size);
        samples += batch.samples;
        nll_sum += batch.nll_sum;
        for (std::size_t i = 0; i < gradient.size(); ++i) {
          gradient_sum[i] += gradient[i] * static_cast<double>(batch.samples);
        }
      }
      EXPECT_EQ(samples, 61U);
      EXPECT_NEAR(nll_sum, reference.nll, 1e-12);  // 61 terms of order 1 in another order
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        ASSERT_NEAR(gradient_sum[i], reference.gradient[i], 1e-12);
      }
    }
  }
}

TEST_F(ObjectiveTest, VotesOfOneRankReachAll) {
  ToyTraining training({}, folder_ / "");
  AlignedVector<double> gradient(training.network.layout().padded_size());
  const auto votes_after = [&](const Votes& votes_of_last_rank) {
    const bool is_last = test::world().rank() == test::world().size() - 1;
    training.objective.select({0, 0}, is_last ? votes_of_last_rank : Votes{});
    training.objective.value_and_gradient(training.state.method.x, gradient);
    return training.objective.result().votes;
  };
  EXPECT_EQ(votes_after({}).stop, StopReason::none);
  EXPECT_FALSE(votes_after({}).save);
  EXPECT_EQ(votes_after({StopReason::request, false}).stop, StopReason::request);
  EXPECT_EQ(votes_after({StopReason::max_seconds, false}).stop, StopReason::max_seconds);
  EXPECT_TRUE(votes_after({StopReason::none, true}).save);
}

TEST_F(ObjectiveTest, NanEndsOnEveryRankWithTheStep) {
  ToyTraining training({.batch_size = 16}, folder_ / "");
  AlignedVector<double> gradient(training.network.layout().padded_size());
  training.state.method.x[0] = std::numeric_limits<double>::quiet_NaN();
  training.objective.select({2, 1}, {});
  try {
    training.objective.value_and_gradient(training.state.method.x, gradient);
    FAIL() << "no error";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::diverged);
    EXPECT_TRUE(error.agreed());
    EXPECT_NE(std::string(error.what()).find("step 10"), std::string::npos) << error.what();  // 2 epochs of 4, and 2
  }
}

/// A machine that never computes the same twice.
class StubbornReducer final : public Reducer<double> {
 public:
  explicit StubbornReducer(Reducer<double>& inner) : inner_(inner) {}
  void begin(std::uint64_t shards) override { inner_.begin(shards); }
  model::GradientSink<double>& sink(std::size_t thread, std::uint64_t shard) override {
    return inner_.sink(thread, shard);
  }
  Verdict examine() override {
    inner_.examine();
    ++examined;
    return Verdict::repeat;
  }
  Fault fault() override { return {}; }
  void finish() override { ADD_FAILURE() << "not accepted"; }
  const reduction::Blocks& blocks() const override { return inner_.blocks(); }
  void mean(std::size_t /*block*/, double /*divisor*/, std::span<double> /*values*/) const override {}
  void exchange(std::span<double> values, std::span<const std::size_t> bounds) override {
    inner_.exchange(values, bounds);
  }
  const reduction::Units& units() const override { return inner_.units(); }

  int examined = 0;

 private:
  Reducer<double>& inner_;
};

TEST_F(ObjectiveTest, AStepIsRepeatedOnceAndNoMore) {
  ToyTraining training({}, folder_ / "");
  StubbornReducer reducer(*training.reducer);
  DistributedObjective<double> objective({training.network, training.dataset, training.sampler, reducer,
                                          training.workers, training.channel, training.seconds},
                                         {.microbatch = 16});
  AlignedVector<double> gradient(training.network.layout().padded_size(), 7.0);
  objective.select({0, 0}, {});
  try {
    objective.value_and_gradient(training.state.method.x, gradient);
    FAIL() << "no error";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::lost);
    EXPECT_TRUE(error.agreed());
    EXPECT_NE(std::string(error.what()).find("step 1 "), std::string::npos) << error.what();
  }
  EXPECT_EQ(reducer.examined, 2);
  EXPECT_EQ(gradient, AlignedVector<double>(gradient.size(), 7.0));
}

// Whatever makes the objective infinite is known before the state counts as proved.
TEST_F(ObjectiveTest, AnInfinitePenaltyProvesNothing) {
  ToyTraining training({.l2 = 0.5}, folder_ / "");
  AlignedVector<double> gradient(training.network.layout().padded_size(), 7.0);
  AlignedVector<double> theta = training.state.method.x;
  theta[0] = 1e200;  // tanh holds it, its square does not fit a double
  bool proved = false;
  training.objective.select({0, 0}, {}, [&] { proved = true; });
  EXPECT_THROW(training.objective.value_and_gradient(theta, gradient), core::Error);
  EXPECT_FALSE(proved);
  EXPECT_EQ(gradient, AlignedVector<double>(gradient.size(), 7.0));
}

// One sample of one shard, and the method's memory of the state before stays as it was.
TEST_F(ObjectiveTest, NanInOneShardNamesItAndLeavesTheGradientAlone) {
  for (const char* reduction : {"exact", "float"}) {
    ToyTraining training({.shards = 7, .likelihood = "gaussian", .reduction = reduction}, folder_ / "");
    AlignedVector<double> gradient(training.network.layout().padded_size(), 7.0);
    bool proved = false;
    training.objective.select({0, 0}, {}, [&] { proved = true; });
    training.objective.value_and_gradient(training.state.method.x, gradient);
    EXPECT_TRUE(proved);
    EXPECT_NE(gradient[0], 7.0);

    proved = false;
    std::ranges::fill(gradient, 7.0);
    AlignedVector<double> theta = training.state.method.x;
    theta[training.network.layout()[2].offset] = 1e200;  // of the output: its square is beyond a double in each shard
    training.objective.select({0, 0}, {}, [&] { proved = true; });
    try {
      training.objective.value_and_gradient(theta, gradient);
      FAIL() << "no error";
    } catch (const core::Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::diverged);
      EXPECT_NE(std::string(error.what()).find("in shard 0"), std::string::npos) << error.what();
    }
    EXPECT_FALSE(proved);
    EXPECT_EQ(gradient, AlignedVector<double>(gradient.size(), 7.0));
  }
}

}  // namespace
}  // namespace cauchy::training

// Products with the Hessian of J over the ranks.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/data/row_order.hpp"
#include "cauchy/reduction/grid.hpp"
#include "training/training_fixture.hpp"

namespace cauchy::training {
namespace {

using linear_algebra::AlignedVector;
using linear_algebra::Write;

AlignedVector<double> direction_of(const ToyTraining& training) {
  AlignedVector<double> result(training.network.layout().padded_size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i] = std::sin(1.0 + 3.7 * static_cast<double>(i));
  }
  return result;
}

/// The product of one shard's samples of a step, by the network alone.
AlignedVector<double> product_of_shard(ToyTraining& training, const SamplerPosition& step, std::uint64_t shard,
                                       std::span<const double> direction) {
  const test::ToyData& toy = training.toy;
  AlignedVector<double> result(direction.size());
  data::RowOrder order(training.sampler, shard);
  order.start(step.epoch);
  const data::Range part = training.sampler.positions(shard, step.step);
  const std::uint64_t first_row = training.dataset.rows_of(shard).first;
  auto workspace = training.network.workspace(training.options.microbatch);
  auto tangents = training.network.workspace(training.options.microbatch);
  Write write = Write::overwrite;
  for (std::uint64_t first = part.first; first < part.last; first += training.options.microbatch) {
    const auto rows = order.rows({first, std::min(part.last, first + training.options.microbatch)});
    AlignedVector<double> features;
    AlignedVector<double> targets;
    for (const std::uint32_t row : rows) {
      const auto copy = [&](const std::vector<double>& from, std::uint64_t columns, AlignedVector<double>& to) {
        const auto start = from.begin() + static_cast<std::ptrdiff_t>((first_row + row) * columns);
        to.insert(to.end(), start, start + static_cast<std::ptrdiff_t>(columns));
      };
      copy(toy.features, toy.inputs, features);
      copy(toy.target_values, toy.target_columns, targets);
    }
    training.network.hessian_vector(
        training.state.method.x, direction,
        {{features.data(), rows.size(), toy.inputs}, {{targets.data(), rows.size(), toy.target_columns}}},
        {result, write}, workspace, tangents);
    write = Write::add;
  }
  return result;
}

/// All shards one after the other, each rounded to integers with these units: no ranks, no threads.
AlignedVector<double> expected_product(ToyTraining& training, const SamplerPosition& step,
                                       std::span<const double> direction, const reduction::Units& units) {
  const reduction::Grid<double, std::int64_t> grid(training.options.shards);
  const reduction::Blocks& blocks = training.reducer->blocks();
  AlignedVector<std::int64_t> sum(direction.size());
  for (std::uint64_t shard = 0; shard < training.options.shards; ++shard) {
    const AlignedVector<double> own = product_of_shard(training, step, shard, direction);
    for (std::size_t block = 0; block < blocks.count(); ++block) {
      const auto [offset, size] = blocks[block];
      grid.round(std::span(own).subspan(offset, size), units.exponents[block], std::span(sum).subspan(offset, size),
                 false);
    }
  }
  AlignedVector<double> result(direction.size());
  const auto samples = static_cast<double>(training.sampler.batch_samples(step.step));
  for (std::size_t block = 0; block < blocks.count(); ++block) {
    const auto [offset, size] = blocks[block];
    reduction::mean_of_sum<double, std::int64_t>(std::span(sum).subspan(offset, size), units.exponents[block], samples,
                                                 std::span(result).subspan(offset, size));
  }
  for (const model::Tensor& tensor : training.network.layout().tensors()) {
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size && tensor.penalized(); ++i) {
      result[i] += training.options.l2 * direction[i];
    }
  }
  return result;
}

class HessianTest : public testing::Test {
 protected:
  test::SharedFolder folder_;
};

// Shards of uneven size, and in batches of 3 and 1 some without samples: every rank, whatever it and its threads have
// to do, gets the bits of shard after shard.
// A linear model keeps its outputs from product to product: not those of another Θ, and with the bits of a pass that
// computes them.
TEST_F(HessianTest, ProductHasTheSameBitsOnAnyNumberOfRanksAndThreads) {
  const auto check = [&](const ToyProblem& problem) {
    ToyTraining training(problem, folder_ / "");
    const SamplerPosition step{1, training.sampler.steps_per_epoch() - 1};
    const AlignedVector<double> direction = direction_of(training);
    AlignedVector<double> elsewhere = training.state.method.x;
    elsewhere[1] += 0.5;
    const auto product_at = [&](const AlignedVector<double>& theta) {
      AlignedVector<double> product(direction.size(), 7.0);
      training.objective.hessian_vector(theta, direction, product);
      return product;
    };
    const auto evaluate = [&](const AlignedVector<double>& theta) {
      AlignedVector<double> gradient(theta.size());
      training.objective.value_and_gradient(theta, gradient);
    };
    const AlignedVector<double>& theta = training.state.method.x;
    reduction::Units units;
    while (units != training.reducer->units()) {  // until they fit all of these
      units = training.reducer->units();
      training.objective.select({0, 0}, {});
      product_at(theta);
      training.objective.select(step, {});
      evaluate(elsewhere);
      evaluate(theta);
      product_at(elsewhere);
      product_at(theta);
    }
    const AlignedVector<double> expected = expected_product(training, step, direction, units);  // zero in its padding
    training.objective.select({0, 0}, {});
    product_at(theta);
    training.objective.select(step, {});
    ASSERT_EQ(product_at(theta), expected);
    ASSERT_NE(product_at(elsewhere), expected);
    ASSERT_EQ(product_at(theta), expected);
    ASSERT_EQ(product_at(theta), expected);
    evaluate(elsewhere);
    ASSERT_EQ(product_at(theta), expected);
    evaluate(elsewhere);
    evaluate(theta);
    ASSERT_EQ(product_at(theta), expected);
  };
  for (const std::uint64_t batch_size : {0UL, 16UL, 3UL, 1UL}) {
    for (const std::uint64_t shards : {4UL, 7UL, 16UL}) {
      for (const std::size_t threads : {1UL, 2UL}) {
        SCOPED_TRACE(std::to_string(batch_size) + " " + std::to_string(shards) + " " + std::to_string(threads));
        ToyProblem problem{.shards = shards, .batch_size = batch_size, .microbatch = 5, .l2 = 0.01, .threads = threads};
        problem.overlap = threads == 2 ? communication::Channel::Overlap::on : communication::Channel::Overlap::off;
        check(problem);
        problem.layers = {};
        problem.likelihood = "student_t";
        check(problem);
      }
    }
  }
}

TEST_F(HessianTest, ProductIsTheDerivativeOfTheGradientAndLeavesTheResultAlone) {
  for (const char* reduction : {"exact", "float"}) {
    ToyTraining training({.shards = 7, .l2 = 0.01, .reduction = reduction, .class_weights = {1, 3, 0, 0.5}},
                         folder_ / "");
    const AlignedVector<double> direction = direction_of(training);
    const auto gradient_at = [&](double h) {
      AlignedVector<double> theta = training.state.method.x;
      AlignedVector<double> gradient(theta.size());
      for (std::size_t i = 0; i < theta.size(); ++i) {
        theta[i] += h * direction[i];
      }
      training.objective.value_and_gradient(theta, gradient);
      return gradient;
    };
    constexpr double h = 1e-4;
    training.objective.select({0, 0}, {});
    const AlignedVector<double> above = gradient_at(h);
    const AlignedVector<double> below = gradient_at(-h);
    AlignedVector<double> first(direction.size(), 7.0);
    training.objective.select({0, 0}, {});
    training.objective.hessian_vector(training.state.method.x, direction, first);  // finds n itself
    int proved = 0;
    training.objective.select({0, 0}, {.save = true}, [&] { proved += 1; });
    gradient_at(0);
    const BatchResult before = training.objective.result();
    AlignedVector<double> product(direction.size(), 7.0);
    training.objective.hessian_vector(training.state.method.x, direction, product);
    const BatchResult& after = training.objective.result();
    for (std::size_t i = 0; i < product.size(); ++i) {
      EXPECT_NEAR(product[i], first[i], 1e-13) << "the same n; units may have moved";
    }
    EXPECT_EQ(proved, 1);
    EXPECT_TRUE(after.votes.save);
    EXPECT_EQ(after.nll_sum, before.nll_sum);
    EXPECT_EQ(after.gradient_norm, before.gradient_norm);
    EXPECT_EQ(after.samples, before.samples);
    EXPECT_EQ(after.weight, before.weight);
    EXPECT_EQ(training.objective.samples_used(), 122U);
    for (const model::Tensor& tensor : training.network.layout().tensors()) {
      for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
        // h²/6 times a third derivative of the gradient, of order 100 for features up to 3; and rounding over h.
        EXPECT_NEAR(product[i], (above[i] - below[i]) / (2 * h), 1e-6) << tensor.path();
      }
    }
  }
}

TEST_F(HessianTest, NanEndsOnEveryRankAndLeavesTheProductAlone) {
  ToyTraining training({.shards = 7}, folder_ / "");
  AlignedVector<double> direction = direction_of(training);
  AlignedVector<double> product(direction.size(), 7.0);
  training.objective.select({0, 0}, {});
  direction[0] = std::numeric_limits<double>::quiet_NaN();
  try {
    training.objective.hessian_vector(training.state.method.x, direction, product);
    FAIL() << "no error";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.code(), core::ExitCode::diverged);
    EXPECT_TRUE(error.agreed());
    EXPECT_NE(std::string(error.what()).find("the Hessian-vector product of "), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("in shard 0"), std::string::npos) << error.what();
  }
  EXPECT_EQ(product, AlignedVector<double>(product.size(), 7.0));
}

}  // namespace
}  // namespace cauchy::training

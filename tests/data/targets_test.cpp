// What is told of all targets is told on every rank, whatever their number.

#include "cauchy/data/targets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "support/world.hpp"

namespace cauchy::data {
namespace {

using test::world;

constexpr std::uint64_t rows = 23;
constexpr std::uint64_t shards = 5;

double target(std::uint64_t row, std::uint64_t column) {
  return static_cast<double>(row * (column + 1) % 7);
}
double weight(std::uint64_t row) {
  return static_cast<double>(row % 4) / 4;
}
double exposure(std::uint64_t row) {
  return 1 + static_cast<double>(row % 3);
}

/// This rank's rows of two target columns.
Samples<double> own_samples() {
  const Range local =
      rank_shards(shards, static_cast<std::uint64_t>(world().rank()), static_cast<std::uint64_t>(world().size()));
  Range own;
  if (local.size() > 0) {
    own = {shard_rows(rows, shards, local.first).first, shard_rows(rows, shards, local.last - 1).last};
  }
  Samples<double> samples{own, 1, 2, {}, {}};
  for (std::uint64_t row = own.first; row < own.last; ++row) {
    samples.targets.push_back(target(row, 0));
    samples.targets.push_back(target(row, 1));
    samples.weights.push_back(weight(row));
    samples.exposure.push_back(exposure(row));
  }
  return samples;
}

const SourceShape shape{rows, 0, 2};

SamplesInParts<double> at_once(const Samples<double>& samples) {
  return [&samples](const auto& visit) { visit(samples); };
}

/// As data that do not stay in memory come.
SamplesInParts<double> in_two_parts(const Samples<double>& all) {
  const std::uint64_t half = all.rows.size() / 2;
  const auto part = [&all](std::uint64_t first, std::uint64_t last) {
    const auto of = [first, last](const auto& values, std::uint64_t columns) {
      const auto start = values.begin();
      return linear_algebra::UnsetVector<double>(start + static_cast<std::ptrdiff_t>(first * columns),
                                                 start + static_cast<std::ptrdiff_t>(last * columns));
    };
    Samples<double> result;
    result.rows = {all.rows.first + first, all.rows.first + last};
    result.target_columns = all.target_columns;
    result.targets = of(all.targets, all.target_columns);
    result.weights = of(all.weights, 1);
    result.exposure = of(all.exposure, 1);
    return result;
  };
  return [first = part(0, half), second = part(half, all.rows.size())](const auto& visit) {
    visit(first);
    visit(second);
  };
}

TEST(Targets, AreSummarisedOverAllRanks) {
  const model::TargetSummary summary = summarize_targets<double>(world(), shape, shards, in_two_parts(own_samples()));
  double weights = 0;
  double exposures = 0;
  std::vector<double> sums(2, 0.0);
  for (std::uint64_t row = 0; row < rows; ++row) {
    weights += weight(row);
    exposures += weight(row) * exposure(row);
    sums[0] += weight(row) * target(row, 0);
    sums[1] += weight(row) * target(row, 1);
  }
  EXPECT_EQ(summary.rows, rows);
  EXPECT_EQ(summary.weight, weights);  // multiples of a quarter: sums are exact in any order
  EXPECT_EQ(summary.exposure, exposures);
  EXPECT_EQ(summary.largest_weight, 0.75);
  EXPECT_EQ(summary.smallest, 0);
  EXPECT_EQ(summary.largest, 6);
  EXPECT_TRUE(summary.whole_numbers);
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_EQ(summary.mean[k], sums[k] / weights);
    double squares = 0;
    for (std::uint64_t row = 0; row < rows; ++row) {
      squares += weight(row) * std::pow(target(row, k) - summary.mean[k], 2);
    }
    EXPECT_NEAR(summary.variance[k], squares / weights, 1e-14);  // 23 terms up to 36 in another order
  }
}

TEST(Targets, CountOnceWithoutWeights) {
  Samples<double> samples = own_samples();
  samples.weights.clear();
  samples.exposure.clear();
  if (!samples.targets.empty()) {
    samples.targets.back() = -0.5;
  }
  const model::TargetSummary summary = summarize_targets<double>(world(), shape, shards, at_once(samples));
  EXPECT_EQ(summary.weight, rows);
  EXPECT_EQ(summary.exposure, rows);
  EXPECT_EQ(summary.largest_weight, 1);
  EXPECT_EQ(summary.smallest, -0.5);
  EXPECT_FALSE(summary.whole_numbers);
}

TEST(Targets, AreWeighedByClass) {
  Samples<double> samples = own_samples();
  const std::vector<double> factors{2, 3, 0, 5};
  weigh_classes(factors, samples);
  Samples<double> plain = own_samples();
  plain.weights.clear();
  weigh_classes(factors, plain);
  for (std::size_t i = 0; i < samples.rows.size(); ++i) {
    const std::uint64_t row = samples.rows.first + i;
    const auto value = static_cast<std::size_t>(target(row, 0));
    const double factor = value < factors.size() ? factors[value] : 1;
    EXPECT_EQ(samples.weights[i], weight(row) * factor);
    EXPECT_EQ(plain.weights[i], factor);
  }
  weigh_classes({}, plain);
  EXPECT_EQ(plain.weights.size(), plain.rows.size());
}

}  // namespace
}  // namespace cauchy::data

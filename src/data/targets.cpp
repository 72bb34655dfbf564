// Targets of a whole data set.

#include "cauchy/data/targets.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace cauchy::data {
namespace {

/// Σ over all samples of numbers that each of them has, each shard on its own and the shards in order. add(sample,
/// sums) adds those of a local sample.
template <typename Real, typename Add>
std::vector<double> sums_over_shards(const communication::Communicator& ranks, std::uint64_t rows, std::uint64_t shards,
                                     const Samples<Real>& samples, std::size_t numbers, Add add) {
  std::vector<double> sums(shards * numbers, 0.0);
  const Range local =
      rank_shards(shards, static_cast<std::uint64_t>(ranks.rank()), static_cast<std::uint64_t>(ranks.size()));
  for (std::uint64_t shard = local.first; shard < local.last; ++shard) {
    const std::span<double> of_shard = std::span(sums).subspan(shard * numbers, numbers);
    const Range here = shard_rows(rows, shards, shard);
    for (std::uint64_t row = here.first; row < here.last; ++row) {
      add(row - samples.rows.first, of_shard);
    }
  }
  ranks.sum<double>(sums);
  for (std::uint64_t shard = 1; shard < shards; ++shard) {
    for (std::size_t k = 0; k < numbers; ++k) {
      sums[k] += sums[shard * numbers + k];
    }
  }
  sums.resize(numbers);
  return sums;
}

}  // namespace

template <typename Real>
void weigh_classes(std::span<const double> class_weights, Samples<Real>& samples) {
  if (class_weights.empty()) {
    return;
  }
  if (samples.weights.empty()) {
    samples.weights.assign(samples.rows.size(), Real{1});
  }
  for (std::size_t i = 0; i < samples.rows.size(); ++i) {
    const Real target = samples.targets[i * samples.target_columns];
    if (target >= 0 && target < static_cast<Real>(class_weights.size())) {
      const double factor = class_weights[static_cast<std::size_t>(target)];
      samples.weights[i] = static_cast<Real>(static_cast<double>(samples.weights[i]) * factor);
    }
  }
}

template <typename Real>
model::TargetSummary summarize_targets(const communication::Communicator& ranks, std::uint64_t rows,
                                       std::uint64_t shards, const Samples<Real>& samples) {
  const model::Observations<Real> observed = samples.observed();
  const std::size_t columns = samples.target_columns;
  const auto target = [&](std::size_t sample, std::size_t column) {
    return static_cast<double>(observed.targets(sample, column));
  };
  model::TargetSummary summary;
  summary.rows = rows;

  const std::vector<double> sums =
      sums_over_shards(ranks, rows, shards, samples, columns + 2, [&](std::size_t sample, std::span<double> of_shard) {
        const double weight = observed.weight(sample);
        for (std::size_t k = 0; k < columns; ++k) {
          of_shard[k] += weight * target(sample, k);
        }
        of_shard[columns] += weight;
        of_shard[columns + 1] +=
            weight * (observed.exposure.empty() ? 1 : static_cast<double>(observed.exposure[sample]));
      });
  summary.weight = sums[columns];
  summary.exposure = sums[columns + 1];
  for (std::size_t k = 0; k < columns; ++k) {
    summary.mean.push_back(sums[k] / summary.weight);
  }
  summary.variance =
      sums_over_shards(ranks, rows, shards, samples, columns, [&](std::size_t sample, std::span<double> of_shard) {
        for (std::size_t k = 0; k < columns; ++k) {
          const double deviation = target(sample, k) - summary.mean[k];
          of_shard[k] += observed.weight(sample) * deviation * deviation;
        }
      });
  for (double& value : summary.variance) {
    value /= summary.weight;
  }

  constexpr double least = std::numeric_limits<double>::lowest();
  std::array<double, 4> largest{least, least, 0, 0};  // y, -y, whether it is no whole number, w
  for (const Real value : observed.targets.elements()) {
    largest[0] = std::max(largest[0], static_cast<double>(value));
    largest[1] = std::max(largest[1], -static_cast<double>(value));
    largest[2] = std::max(largest[2], value == std::trunc(value) ? 0.0 : 1.0);
  }
  for (const Real weight : observed.weights) {
    largest[3] = std::max(largest[3], static_cast<double>(weight));
  }
  ranks.maximum<double>(largest);
  summary.largest = largest[0];
  summary.smallest = -largest[1];
  summary.whole_numbers = largest[2] == 0;
  summary.largest_weight = largest[3] > 0 ? largest[3] : 1;
  return summary;
}

template void weigh_classes(std::span<const double>, Samples<float>&);
template void weigh_classes(std::span<const double>, Samples<double>&);
template model::TargetSummary summarize_targets(const communication::Communicator&, std::uint64_t, std::uint64_t,
                                                const Samples<float>&);
template model::TargetSummary summarize_targets(const communication::Communicator&, std::uint64_t, std::uint64_t,
                                                const Samples<double>&);

}  // namespace cauchy::data

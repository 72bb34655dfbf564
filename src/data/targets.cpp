// Targets of a whole data set.

#include "cauchy/data/targets.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"

namespace cauchy::data {
namespace {

/// Σ over all samples of numbers that each of them has, each shard on its own and the shards in order. add(observed,
/// sample, sums) adds those of a local sample.
template <typename Real, typename Add>
std::vector<double> sums_over_shards(const communication::Communicator& ranks, std::uint64_t rows, std::uint64_t shards,
                                     const SamplesInParts<Real>& samples, std::size_t numbers, Add add) {
  std::vector<double> sums(shards * numbers, 0.0);
  communication::agree(ranks, [&] {
    const core::Doing doing("reading data");
    std::uint64_t shard = 0;
    samples([&](const Samples<Real>& part) {
      const model::Observations<Real> observed = part.observed();
      for (std::uint64_t row = part.rows.first; row < part.rows.last; ++row) {
        while (row >= shard_rows(rows, shards, shard).last) {
          ++shard;
        }
        add(observed, row - part.rows.first, std::span(sums).subspan(shard * numbers, numbers));
      }
    });
  });
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
model::TargetSummary summarize_targets(const communication::Communicator& ranks, const SourceShape& shape,
                                       std::uint64_t shards, const SamplesInParts<Real>& samples) {
  using Observed = model::Observations<Real>;
  const std::size_t columns = shape.target_columns;
  model::TargetSummary summary;
  summary.rows = shape.rows;

  constexpr double least = std::numeric_limits<double>::lowest();
  std::array<double, 4> largest{least, least, 0, 0};  // y, -y, whether it is no whole number, w
  const auto note_largest = [&](const Observed& observed, std::size_t sample) {
    for (std::size_t k = 0; k < columns; ++k) {
      const auto value = static_cast<double>(observed.targets(sample, k));
      largest[0] = std::max(largest[0], value);
      largest[1] = std::max(largest[1], -value);
      largest[2] = std::max(largest[2], value == std::trunc(value) ? 0.0 : 1.0);
    }
    largest[3] = std::max(largest[3], observed.weighted() ? observed.weight(sample) : 0);
  };
  const std::vector<double> sums =
      sums_over_shards(ranks, shape.rows, shards, samples, columns + 2,
                       [&](const Observed& observed, std::size_t sample, std::span<double> of_shard) {
                         const double weight = observed.weight(sample);
                         for (std::size_t k = 0; k < columns; ++k) {
                           of_shard[k] += weight * static_cast<double>(observed.targets(sample, k));
                         }
                         of_shard[columns] += weight;
                         of_shard[columns + 1] +=
                             weight * (observed.exposure.empty() ? 1 : static_cast<double>(observed.exposure[sample]));
                         note_largest(observed, sample);
                       });
  summary.weight = sums[columns];
  summary.exposure = sums[columns + 1];
  for (std::size_t k = 0; k < columns; ++k) {
    summary.mean.push_back(sums[k] / summary.weight);
  }
  summary.variance = sums_over_shards(ranks, shape.rows, shards, samples, columns,
                                      [&](const Observed& observed, std::size_t sample, std::span<double> of_shard) {
                                        for (std::size_t k = 0; k < columns; ++k) {
                                          const double deviation =
                                              static_cast<double>(observed.targets(sample, k)) - summary.mean[k];
                                          of_shard[k] += observed.weight(sample) * deviation * deviation;
                                        }
                                      });
  for (double& value : summary.variance) {
    value /= summary.weight;
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
template model::TargetSummary summarize_targets(const communication::Communicator&, const SourceShape&, std::uint64_t,
                                                const SamplesInParts<float>&);
template model::TargetSummary summarize_targets(const communication::Communicator&, const SourceShape&, std::uint64_t,
                                                const SamplesInParts<double>&);

}  // namespace cauchy::data

#pragma once
/// Samples that a program brings along instead of a file.

#include <cstdint>
#include <functional>
#include <span>

namespace cauchy::data {

/// Where one sample is written to; all of it is zero before, but for the weight.
struct RowValues {
  std::span<double> features;
  std::span<double> targets;
  double weight = 1;  ///< other than 1 only where there are weights
};

/// N samples, each of which a function knows: out of arrays, a simulation, files of a format of its own. Every rank
/// asks for the rows of its own shards alone, in order, before training starts. The function gives the same numbers for
/// the same row on all ranks.
///
///     Rows{.count = doses.size(), .inputs = 1, .target_columns = 1, .fill = [&](std::uint64_t row, RowValues& values)
///     {
///       values.features[0] = doses[row];
///       values.targets[0] = responses[row];
///     }};
struct Rows {
  std::uint64_t count = 0;
  std::uint64_t inputs = 0;
  std::uint64_t target_columns = 0;
  std::function<void(std::uint64_t row, RowValues& values)> fill = {};
  bool weighted = false;  ///< whether samples have weights
};

}  // namespace cauchy::data

#pragma once
/// Which rows a step uses: every row once an epoch, in an order that no rank count can change.

#include <cstdint>

#include "cauchy/data/shards.hpp"

namespace cauchy::data {

/// What decides the order of samples.
struct SamplerOptions {
  std::uint64_t rows = 0;        ///< N ≥ 1
  std::uint64_t shards = 1;      ///< V ≤ N
  std::uint64_t batch_size = 0;  ///< B; 0: all rows
  std::uint64_t block_rows = 1;
  std::uint64_t seed = 0;
};

/// Deals the rows of N samples to T = ⌈N/B⌉ steps.
///
/// Imagine the shards' permutations dealt like cards, one row of each shard in turn: shard 0, 1, ..., V-1, 0, 1, ...;
/// the larger shards alone fill the last round. Step t takes cards [⌊N·t/T⌋, ⌊N·(t+1)/T⌋) of this deck. So a batch has
/// ⌊N/T⌋ or ⌈N/T⌉ ≤ B samples, never none, the shards' parts of it differ by at most one sample (two in the last
/// step), and the rows of shard v are consecutive in its permutation. Example, N = 10, V = 4, B = 4, T = 3, shards of
/// 2, 3, 2 and 3 rows:
///
///     deck    v0 v1 v2 | v3 v0 v1 | v2 v3 v1 v3
///     step       0          1           2
///
/// The permutation of a shard is a function of (seed, shard, epoch): its blocks of block_rows rows are shuffled, and
/// the rows within each block, so that streamed and resident data have one order: see RowOrder. With T = 1 rows stay in
/// file order, since a full batch has no order to choose.
class Sampler {
 public:
  explicit Sampler(const SamplerOptions& options);

  const SamplerOptions& options() const { return options_; }
  std::uint64_t steps_per_epoch() const { return steps_per_epoch_; }

  /// Global number of samples of a step, ≥ 1.
  std::uint64_t batch_samples(std::uint64_t step) const;

  /// Positions in the permutation of `shard` that a step uses.
  Range positions(std::uint64_t shard, std::uint64_t step) const;

  /// Most rows that any shard gives to a step.
  std::uint64_t largest_part() const;

  /// Whether epochs have orders of their own.
  bool shuffles() const { return steps_per_epoch_ > 1; }

 private:
  std::uint64_t cards_before(std::uint64_t step) const;
  std::uint64_t rows_before(std::uint64_t shard, std::uint64_t cards) const;

  SamplerOptions options_;
  std::uint64_t steps_per_epoch_;
};

}  // namespace cauchy::data

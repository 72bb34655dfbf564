#pragma once
/// How rows are cut in shards, and shards are dealt to ranks.

#include <cstdint>

namespace cauchy::data {

/// A half-open range [first, last) of rows or shards.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  std::uint64_t size() const { return last - first; }
  bool operator==(const Range&) const = default;
};

/// Rows [N·v/V, N·(v+1)/V) of N rows: those of shard v of V. Sizes differ by at most one.
///
///     N = 10, V = 4:   shard 0: [0, 2)   shard 1: [2, 5)   shard 2: [5, 7)   shard 3: [7, 10)
constexpr Range shard_rows(std::uint64_t rows, std::uint64_t shards, std::uint64_t shard) {
  return {rows * shard / shards, rows * (shard + 1) / shards};
}

/// Shards [V·r/P, V·(r+1)/P): those that rank r of P runs. With V < P some ranks have none.
constexpr Range rank_shards(std::uint64_t shards, std::uint64_t rank, std::uint64_t ranks) {
  return {shards * rank / ranks, shards * (rank + 1) / ranks};
}

}  // namespace cauchy::data

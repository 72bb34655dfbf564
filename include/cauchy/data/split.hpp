#pragma once
/// Which rows of a data set train, and which validate.

#include <cstdint>
#include <vector>

#include "cauchy/data/shards.hpp"

namespace cauchy::data {

/// random: each row on its own validates with probability `fraction`, drawn from (seed, row). position: the last
/// ⌈fraction·N⌉ rows validate, as a time series wants it.
enum class SplitRule { random, position };

struct SplitOptions {
  std::uint64_t rows = 0;  ///< N
  double fraction = 0;     ///< in (0, 1)
  SplitRule rule = SplitRule::random;
  std::uint64_t seed = 0;
};

enum class Half { training, validation };

/// N rows in two halves, each of which keeps the order of the rows. A function of the options: neither ranks nor shards
/// matter, and rows that are appended to a file leave the halves of those before them as they were (random).
class Split {
 public:
  /// O(N) time, N/512 bytes of memory for the random rule.
  explicit Split(const SplitOptions& options);

  /// How many rows a half has; may be 0.
  std::uint64_t size(Half half) const;

  /// The rows [range.first, range.last) of a half as rows of the whole, ascending.
  std::vector<std::uint64_t> rows(Half half, Range range) const;

 private:
  std::uint64_t first_of_chunk(Half half, std::uint64_t chunk) const;

  SplitOptions options_;
  std::uint64_t validation_rows_ = 0;
  std::vector<std::uint64_t> validation_before_;  ///< how many rows before each chunk validate; of the random rule
};

}  // namespace cauchy::data

#pragma once
/// How the shards of a run are spread over ranks and threads.

#include <cstdint>
#include <string>

namespace cauchy::cli {

struct Spread {
  std::uint64_t ranks = 1;
  std::uint64_t threads = 1;  ///< of each rank
  std::uint64_t shards = 1;
};

/// Throws an agreed core::UserError that says what to change if there are more threads than shards. Same arguments on
/// every rank.
void check_spread(const Spread& spread);

/// Lines for the start of the log: how even the work is, on how many threads it would be even, and how to get the same
/// bits there.
///
///     ranks       3 × 2 threads; uneven: 2 or 3 shards a thread, 89 % of the speed of an even spread
///                 even: 1, 2, 4, 8, 16 threads in all, with the same bits if data.shards = 16
std::string spread_text(const Spread& spread);

}  // namespace cauchy::cli

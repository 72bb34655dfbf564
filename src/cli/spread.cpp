// How the shards of a run are spread over ranks and threads.

#include "cauchy/cli/spread.hpp"

#include <algorithm>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/reporting/number.hpp"

namespace cauchy::cli {
namespace {

std::uint64_t rounded_up(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

/// "4 ranks of 2 threads"
std::string launch_text(std::uint64_t ranks, std::uint64_t threads) {
  return std::to_string(ranks) + (ranks == 1 ? " rank" : " ranks") +
         (threads == 1 ? "" : " of " + std::to_string(threads) + " threads");
}

/// The divisors, in order; of many only the first ones and the number itself.
std::string divisors_text(std::uint64_t number) {
  constexpr std::size_t most = 12;
  std::vector<std::uint64_t> divisors;
  for (std::uint64_t candidate = 1; candidate <= number && divisors.size() < most; ++candidate) {
    if (number % candidate == 0) {
      divisors.push_back(candidate);
    }
  }
  std::string text;
  for (const std::uint64_t divisor : divisors) {
    text += (text.empty() ? "" : ", ") + std::to_string(divisor);
  }
  return divisors.back() == number ? text : text + ", ..., " + std::to_string(number);
}

}  // namespace

void check_spread(const Spread& spread) {
  const auto [ranks, threads, shards] = spread;
  if (ranks * threads <= shards) {
    return;
  }
  const std::string fewer = shards < threads ? "set run.threads to at most " + std::to_string(shards)
                                             : "start at most " + launch_text(shards / threads, threads);
  throw core::UserError("data.shards = " + std::to_string(shards) + ": too few for " + launch_text(ranks, threads) +
                        "; " + fewer + ", or a fresh run with data.shards = " + std::to_string(ranks * threads))
      .as_agreed();
}

std::string spread_text(const Spread& spread) {
  const auto [ranks, threads, shards] = spread;
  const std::uint64_t most = rounded_up(rounded_up(shards, ranks), threads);
  const std::uint64_t least = shards / ranks / threads;
  std::string text = "ranks       " + std::to_string(ranks);
  text += threads == 1 ? "" : " × " + std::to_string(threads) + " threads";
  if (most == least) {
    text += "; " + std::to_string(most) + (most == 1 ? " shard" : " shards") + " a thread\n";
  } else {
    const double speed = static_cast<double>(shards) / static_cast<double>(ranks * threads * most);
    text += "; uneven: " + std::to_string(least) + " or " + std::to_string(most) + " shards a thread, " +
            reporting::short_text(100 * speed, 2) + " % of the speed of an even spread\n";
  }
  return text + "            even: " + divisors_text(shards) +
         " threads in all, with the same bits if data.shards = " + std::to_string(shards) + "\n";
}

}  // namespace cauchy::cli

// Which rows a step uses.

#include "cauchy/data/sampler.hpp"

#include <algorithm>
#include <string>

#include "cauchy/core/error.hpp"

namespace cauchy::data {
namespace {

// a·b/c rounded down, where a·b may exceed 64 bits.
std::uint64_t scaled(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(Wide{a} * b / c);
}

}  // namespace

Sampler::Sampler(const SamplerOptions& options) : options_(options) {
  const std::uint64_t batch = options.batch_size == 0 ? options.rows : std::min(options.batch_size, options.rows);
  steps_per_epoch_ = (options.rows + batch - 1) / batch;
  if ((options.rows + options.shards - 1) / options.shards > UINT32_MAX) {
    throw core::UserError("data.shards = " + std::to_string(options.shards) +
                          ": a shard would have more than 4294967295 rows; use more shards");
  }
}

std::uint64_t Sampler::cards_before(std::uint64_t step) const {
  return scaled(options_.rows, step, steps_per_epoch_);
}

std::uint64_t Sampler::batch_samples(std::uint64_t step) const {
  return cards_before(step + 1) - cards_before(step);
}

std::uint64_t Sampler::rows_before(std::uint64_t shard, std::uint64_t cards) const {
  const std::uint64_t shards = options_.shards;
  const std::uint64_t full_rounds = options_.rows / shards;
  if (cards <= full_rounds * shards) {
    return (cards + shards - 1 - shard) / shards;
  }
  const Range rows = shard_rows(options_.rows, shards, shard);
  const std::uint64_t larger_shards_before = rows.first - shard * full_rounds;
  const bool is_larger = rows.size() > full_rounds;
  return full_rounds + (is_larger && larger_shards_before < cards - full_rounds * shards ? 1 : 0);
}

Range Sampler::positions(std::uint64_t shard, std::uint64_t step) const {
  return {rows_before(shard, cards_before(step)), rows_before(shard, cards_before(step + 1))};
}

std::uint64_t Sampler::largest_part() const {
  const std::uint64_t largest_batch = (options_.rows + steps_per_epoch_ - 1) / steps_per_epoch_;
  // Whole rounds, a round that was begun, and the last round, which only larger shards take part in.
  return largest_batch / options_.shards + 2;
}

}  // namespace cauchy::data

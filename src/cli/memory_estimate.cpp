// What a run will need, before it starts.

#include "cauchy/cli/memory_estimate.hpp"

namespace cauchy::cli {

std::uint64_t predicted_bytes(const MemoryFactors& factors) {
  const std::uint64_t local_shards = (factors.shards + factors.ranks - 1) / factors.ranks;
  const std::uint64_t shard_rows = (factors.rows + factors.shards - 1) / factors.shards;
  const std::uint64_t vectors = (4 + factors.slots) * factors.parameters;
  const std::uint64_t samples = (local_shards * shard_rows + 3 * factors.microbatch) * factors.columns;
  return (vectors + samples) * factors.real_bytes + 2 * factors.workspace_bytes;
}

}  // namespace cauchy::cli

// What a run will need, before it starts.

#include "cauchy/cli/memory_estimate.hpp"

namespace cauchy::cli {

std::uint64_t predicted_bytes(const MemoryFactors& factors) {
  const std::uint64_t local_shards = (factors.shards + factors.ranks - 1) / factors.ranks;
  const std::uint64_t shard_rows = (factors.rows + factors.shards - 1) / factors.shards;
  const std::uint64_t vectors = (2 + factors.copies) * (1 + factors.slots) + factors.threads;
  const std::uint64_t samples = local_shards * shard_rows + factors.threads * factors.microbatch;
  return (vectors * factors.parameters + samples * factors.columns) * factors.real_bytes +
         factors.sum_bytes * factors.parameters + factors.threads * factors.workspace_bytes;
}

}  // namespace cauchy::cli

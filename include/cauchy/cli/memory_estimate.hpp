#pragma once
/// What a run will need, before it starts.

#include <cstdint>

namespace cauchy::cli {

/// Sizes that decide the memory of a rank.
struct MemoryFactors {
  std::uint64_t ranks = 1;
  std::uint64_t threads = 1;  ///< of a rank
  std::uint64_t shards = 1;
  std::uint64_t real_bytes = 4;  ///< of a number
  std::uint64_t parameters = 0;  ///< with padding
  std::uint64_t slots = 0;       ///< vectors that the method keeps
  std::uint64_t copies = 1;      ///< of the state, for checkpoints
  std::uint64_t sum_bytes = 4;   ///< of a rank's sum, for each parameter
  std::uint64_t columns = 0;     ///< features and targets of a sample
  std::uint64_t rows = 0;        ///< of the training, validation and test data together
  std::uint64_t microbatch = 0;
  std::uint64_t workspace_bytes = 0;  ///< of one microbatch
};

/// Bytes of the root, which has the most to hold: Θ and the method's vectors, each twice (before and after a step; the
/// gradient lies in the new Θ), the rank's sum, its rows of data, for each thread the gradient of a shard, a
/// workspace and a batch, and the copies of Θ and the method's vectors that wait to be written. Libraries come on top:
/// about 50 MB for MPI, HDF5 and the program itself.
std::uint64_t predicted_bytes(const MemoryFactors& factors);

}  // namespace cauchy::cli

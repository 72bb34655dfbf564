#pragma once
/// What a run will need, before it starts.

#include <cstdint>
#include <string>

#include "cauchy/data/source.hpp"

namespace cauchy::cli {

/// Sizes that decide the memory of a rank.
struct MemoryFactors {
  std::uint64_t ranks = 1;
  std::uint64_t threads = 1;  ///< of a rank
  std::uint64_t shards = 1;
  std::uint64_t real_bytes = 4;       ///< of a number
  std::uint64_t parameters = 0;       ///< with padding
  std::uint64_t slots = 0;            ///< vectors that the method keeps
  std::uint64_t beside = 1;           ///< vectors that it works with beside Θ and these
  std::uint64_t copies = 1;           ///< of the state, for checkpoints
  std::uint64_t sum_bytes = 4;        ///< of a rank's sum, for each parameter
  bool shares_sum = false;            ///< with all other ranks
  std::uint64_t data_bytes = 0;       ///< of a rank: its rows, or the blocks of them that it holds at a time
  std::uint64_t samples = 0;          ///< that a thread works on at a time
  std::uint64_t sample_bytes = 0;     ///< of one of these, before it goes into the network
  std::uint64_t workspace_bytes = 0;  ///< of so many
  std::uint64_t rounded_bytes = 0;    ///< of the rounded copy of Θ that threads share, if there is one
  bool feedback = false;              ///< what rounding left of each shard's gradient is kept
  bool in_shares = false;             ///< the method's vectors: 1/ranks of each on a rank
  std::uint64_t product_bytes = 0;    ///< what products of the Hessian take beside, and who asks for them
};

/// Resident bytes at the peak.
struct MemoryEstimate {
  std::uint64_t root = 0;
  std::uint64_t other = 0;  ///< of each other rank that has as many shards
};

/// With P parameters, R bytes a number, T threads, each rank holds
///
///     P·R·(1 + slots)         Θ and the method's vectors; slots/ranks with optimizer.sharded
///     P·R·beside              what the method works with: as much again for the state after a step, in whose Θ the
///                             gradient lies, or the trials and directions of a search
///     P·R·T                   the gradient of a shard, for each thread
///     P·sum_bytes             the rank's sum; where ranks share memory for it, half as much again for two of them, up
///                             to as much again for many: the part of all others' sums that it adds up, which takes no
///                             memory of its own
///     rounded_bytes           Θ in 16 bits a number, with run.precision = bf16
///     P·R·(2·shards + 1)      what rounding left of the gradients of its shards, with sums in 16 bits
///     data_bytes              the rows of its shards, or blocks of them; see data_bytes()
///     T·(samples·sample_bytes + workspace_bytes)    a batch and its way through the network, for each thread
///     product_bytes           3·P·R with a measured rate; without hidden layers also P·R and
///                             the outputs of its samples
///     about 34 MB             the program, and libraries for MPI, HDF5 and products
///
/// and the root
///
///     copies·P·R·(1 + slots)  more, which wait to be written, slots/ranks of them twice with optimizer.sharded; with
///     sums in 16 bits (1 + copies)·P·R·shards beside them.
MemoryEstimate memory_estimate(const MemoryFactors& factors);

/// Bytes of all rows of a data set: columns·R each, or where features are sparse R + 4 for each element of them, 8 for
/// the row and R for each target; of the bytes of a file, 1 in the place of features.
std::uint64_t data_bytes(const data::SourceShape& shape, std::uint64_t real_bytes);

/// What a sample of it takes in a batch: columns·R, or 16 in the place of sparse features, which are not copied.
std::uint64_t sample_bytes(const data::SourceShape& shape, std::uint64_t real_bytes);

/// "412.0 MiB on the root, 350.4 MiB on each other rank, libraries included".
std::string memory_text(const MemoryFactors& factors);

}  // namespace cauchy::cli

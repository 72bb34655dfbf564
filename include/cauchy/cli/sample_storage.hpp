#pragma once
/// Which data sets stay in memory, and in which blocks the others are read: data.memory.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/block_stream.hpp"
#include "cauchy/data/reader.hpp"

namespace cauchy::cli {

struct SampleSet {
  const data::Reader* reader = nullptr;  ///< null: there are no such data
  std::uint64_t block_rows = 0;          ///< that are shuffled among each other; 0: rows are used in their order
};

/// How a rank keeps the samples of a set.
struct SampleStorage {
  std::uint64_t streamed_block_rows = 0;  ///< of the blocks that are read while training goes on; 0: all rows stay
  std::uint64_t bytes = 0;                ///< of the rank with most rows: all, or two blocks a shard and one more
};

/// The set of the training data.
SampleSet training_set(const data::Reader& reader, const Settings& settings);

/// Collective. One for each set: the largest are streamed where not all of them fit into data.memory. The same on all
/// ranks. Throws an agreed core::UserError that says what would do, if nothing fits.
std::vector<SampleStorage> store_samples(const communication::Communicator& ranks, const Settings& settings,
                                         std::span<const SampleSet> sets);

/// "streamed    data.train in blocks of 16 384 rows: 256.0 MiB a rank\n"; empty if all stays in memory.
std::string storage_text(std::span<const SampleSet> sets, std::span<const SampleStorage> storage);

/// Collective. How long the threads of all ranks waited for blocks; empty if none were read.
std::string stream_text(const communication::Communicator& ranks, const data::StreamSummary& summary,
                        std::uint64_t threads, double wall_seconds);

}  // namespace cauchy::cli

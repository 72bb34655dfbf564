// Which data sets stay in memory.

#include "cauchy/cli/sample_storage.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <numeric>

#include "cauchy/cli/memory_estimate.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/core/memory.hpp"
#include "cauchy/reporting/number.hpp"

namespace cauchy::cli {
namespace {

using reporting::grouped;

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

// Of a block of rows that are used in their order: enough for a device to reach its speed.
constexpr std::uint64_t block_bytes = std::uint64_t{1} << 22;

std::uint64_t rounded_up(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

std::string bytes_text(std::uint64_t bytes) {
  return reporting::bytes_text(static_cast<double>(bytes));
}

/// Collective. data.memory in bytes for a rank: the least of all ranks.
std::uint64_t memory_of_a_rank(const communication::Communicator& ranks, const Settings& settings) {
  const core::MemoryLimit limit = core::parse_memory_limit(settings.data.memory).value_or(core::MemoryLimit{});
  if (!limit.share) {
    return limit.bytes.value_or(unlimited);
  }
  const double bytes = *limit.share * static_cast<double>(core::machine_memory_bytes());
  auto least = -static_cast<std::int64_t>(bytes / communication::ranks_of_this_host(ranks));
  ranks.maximum<std::int64_t>({&least, 1});
  return static_cast<std::uint64_t>(-least);
}

/// A set on the rank with most shards; of no rows, where there is no set.
struct Share {
  SampleSet set;
  std::uint64_t shards = 1;      ///< of this rank
  std::uint64_t shard_rows = 0;  ///< of the largest one
  double row_bytes = 1;

  bool can_stream() const { return set.reader != nullptr && !set.reader->files().empty(); }
  /// Whether its blocks may have any size; else set.block_rows.
  bool chooses_blocks() const { return can_stream() && set.block_rows == 0; }
  /// Two of each shard; one more, with which rows are looked at before training.
  std::uint64_t held_blocks() const { return 2 * shards + 1; }

  std::uint64_t bytes_of(std::uint64_t rows) const {
    return static_cast<std::uint64_t>(static_cast<double>(rows) * row_bytes);
  }
  /// How many rows, or groups of that many rows, fit into bytes.
  std::uint64_t fitting(std::uint64_t bytes, std::uint64_t rows = 1) const {
    return static_cast<std::uint64_t>(static_cast<double>(bytes) / (static_cast<double>(rows) * row_bytes));
  }
  std::uint64_t all() const { return bytes_of(shards * shard_rows); }
  std::uint64_t blocks(std::uint64_t block_rows) const {
    return bytes_of(held_blocks() * std::min(block_rows, shard_rows));
  }
  /// What it takes whatever the others take: nothing yet, if it chooses.
  std::uint64_t least() const {
    return chooses_blocks() ? 0 : can_stream() ? std::min(all(), blocks(set.block_rows)) : all();
  }
  /// In blocks, unless that takes more than all of it.
  SampleStorage streamed(std::uint64_t block_rows) const {
    return can_stream() && blocks(block_rows) < all() ? SampleStorage{block_rows, blocks(block_rows)} : resident();
  }
  SampleStorage resident() const { return {0, all()}; }
};

Share share_of(const SampleSet& set, const Settings& settings, std::uint64_t rank_count) {
  if (set.reader == nullptr) {
    return {};
  }
  const data::SourceShape& shape = set.reader->shape();
  const data::Source& source = set.reader->source();
  const std::uint64_t real_bytes = settings.run.precision == "double" ? sizeof(double) : sizeof(float);
  const std::uint64_t more = (source.weights.empty() && source.class_weights.empty() ? 0 : real_bytes) +
                             (source.exposure.empty() ? 0 : real_bytes);
  return {
      set, rounded_up(settings.data.shards, rank_count), rounded_up(shape.rows, settings.data.shards),
      static_cast<double>(data_bytes(shape, real_bytes)) / static_cast<double>(shape.rows) + static_cast<double>(more)};
}

/// data.memory, as a rank has it, and what is to be kept in it.
struct Demand {
  const Settings& settings;
  std::uint64_t rank_count;
  std::uint64_t memory;
  std::vector<Share> shares;

  std::uint64_t all() const {
    return std::accumulate(shares.begin(), shares.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const Share& share) { return sum + share.all(); });
  }
  std::uint64_t least() const {
    return std::accumulate(shares.begin(), shares.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const Share& share) { return sum + share.least(); });
  }
};

/// "data.memory = 50% (1.2 GiB a rank)".
std::string amount(const Demand& demand) {
  const std::string& setting = demand.settings.data.memory;
  return "data.memory = " + setting + (setting.ends_with('%') ? " (" + bytes_text(demand.memory) + " a rank)" : "");
}

[[noreturn]] void refuse(const Share& share, const std::string& message) {
  throw core::UserError(data::at(share.set.reader->source()) + message).as_agreed();
}

/// What would do, where blocks of the size that is set do not fit beside the other sets.
std::string ways_out(const Share& share, const Demand& demand) {
  const std::uint64_t others = demand.least() - share.least();
  const std::uint64_t room = demand.memory - std::min(others, demand.memory);
  const std::uint64_t fitting_rows = share.fitting(room, share.held_blocks());
  const std::uint64_t fitting_blocks = share.fitting(room, std::min(share.set.block_rows, share.shard_rows));
  const std::uint64_t fitting_shards = fitting_blocks > 1 ? (fitting_blocks - 1) / 2 : 0;
  std::string ways = "data.memory = " + std::to_string(rounded_up(demand.least(), 1 << 20)) + "MiB";
  if (fitting_shards > 0) {
    ways += ", " + std::to_string(rounded_up(demand.settings.data.shards, fitting_shards)) + " ranks";
  }
  if (fitting_rows > 0) {
    ways += ", or in a fresh run data.block_rows = " + std::to_string(fitting_rows);
  }
  if (fitting_shards >= demand.settings.run.threads) {
    ways += ", or data.shards = " + std::to_string(fitting_shards * demand.rank_count);
  }
  return ways;
}

/// Throws if the sets do not fit, whatever the blocks of those are that choose them.
void require_room(const Demand& demand) {
  if (demand.least() <= demand.memory) {
    return;
  }
  const Share& largest = *std::ranges::max_element(demand.shares, {}, &Share::least);
  const std::uint64_t others = demand.least() - largest.least();
  const std::string too_much =
      bytes_text(largest.least()) +
      (others > 0 ? ", other data sets " + bytes_text(others) + ", more than " : ", more than ") + amount(demand);
  if (!largest.can_stream()) {
    refuse(largest, "the rows of a rank take " + too_much + ", and only HDF5 is read while training goes on" +
                        (largest.set.reader->shape().bytes ? "" : "; `cauchy convert` makes such a file"));
  }
  refuse(largest, "2 blocks of data.block_rows = " + std::to_string(largest.set.block_rows) + " rows for each of the " +
                      std::to_string(largest.shards) + " shards of a rank, and one more, take " + too_much +
                      "; what would do: " + ways_out(largest, demand));
}

/// The sets that choose their blocks divide what the others leave. Throws if that is too little.
std::vector<SampleStorage> stream_all(const Demand& demand) {
  const auto choosing = static_cast<std::uint64_t>(std::ranges::count_if(demand.shares, &Share::chooses_blocks));
  const std::uint64_t room = (demand.memory - demand.least()) / std::max<std::uint64_t>(1, choosing);
  std::vector<SampleStorage> storage;
  for (const Share& share : demand.shares) {
    const std::uint64_t fitting =
        std::min(share.fitting(room, share.held_blocks()), std::max<std::uint64_t>(1, share.fitting(block_bytes)));
    if (share.chooses_blocks() && fitting == 0) {
      refuse(share, "not even 2 rows for each of the " + std::to_string(share.shards) + " shards of a rank fit into " +
                        amount(demand) + "; set more, or start more ranks");
    }
    storage.push_back(share.streamed(share.chooses_blocks() ? fitting : share.set.block_rows));
  }
  return storage;
}

/// Lets the smallest sets stay in memory after all, as many as fit.
void keep_small_ones(const Demand& demand, std::vector<SampleStorage>& storage) {
  std::vector<std::size_t> by_size(storage.size());
  std::iota(by_size.begin(), by_size.end(), std::size_t{0});
  std::ranges::sort(by_size, {}, [&](std::size_t i) { return demand.shares[i].all(); });
  std::uint64_t used = std::accumulate(storage.begin(), storage.end(), std::uint64_t{0},
                                       [](std::uint64_t sum, const SampleStorage& set) { return sum + set.bytes; });
  for (const std::size_t i : by_size) {
    const SampleStorage resident = demand.shares[i].resident();
    if (used - storage[i].bytes + resident.bytes <= demand.memory) {
      used += resident.bytes - storage[i].bytes;
      storage[i] = resident;
    }
  }
}

}  // namespace

SampleSet training_set(const data::Reader& reader, const Settings& settings) {
  const std::uint64_t batch = settings.batch.batch_size;
  const bool shuffles = batch > 0 && batch < reader.shape().rows;
  return {&reader, shuffles ? settings.data.block_rows : 0};
}

std::vector<SampleStorage> store_samples(const communication::Communicator& ranks, const Settings& settings,
                                         std::span<const SampleSet> sets) {
  Demand demand{settings, static_cast<std::uint64_t>(ranks.size()), memory_of_a_rank(ranks, settings), {}};
  std::ranges::transform(sets, std::back_inserter(demand.shares),
                         [&](const SampleSet& set) { return share_of(set, settings, demand.rank_count); });
  std::vector<SampleStorage> storage;
  if (demand.all() <= demand.memory) {
    std::ranges::transform(demand.shares, std::back_inserter(storage), &Share::resident);
    return storage;
  }
  require_room(demand);
  storage = stream_all(demand);
  keep_small_ones(demand, storage);
  return storage;
}

std::string storage_text(std::span<const SampleSet> sets, std::span<const SampleStorage> storage) {
  std::string text;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (storage[i].streamed_block_rows > 0) {
      const std::string& key = sets[i].reader->source().key;
      const bool validates = i > 0 && key == sets[0].reader->source().key;
      text += (text.empty() ? "" : ", ") + (validates ? "its part that validates" : key) + " in blocks of " +
              grouped(storage[i].streamed_block_rows) + " rows";
      bytes += storage[i].bytes;
    }
  }
  return text.empty() ? "" : "streamed    " + text + ": " + bytes_text(bytes) + " a rank\n";
}

std::string stream_text(const communication::Communicator& ranks, const data::StreamSummary& summary,
                        std::uint64_t threads, double wall_seconds) {
  std::array<double, 3> sums{static_cast<double>(summary.blocks), static_cast<double>(summary.late),
                             summary.waited_seconds};
  ranks.sum<double>(sums);
  const auto [blocks, late, waited] = sums;
  if (blocks == 0) {
    return "";
  }
  const double seconds = waited / static_cast<double>(threads) / ranks.size();
  return "streamed    " + grouped(static_cast<std::uint64_t>(blocks)) + " blocks, " +
         grouped(static_cast<std::uint64_t>(late)) + " of them late: computing waited " +
         reporting::short_text(seconds, 3) + " s, " + reporting::short_text(100 * seconds / wall_seconds, 2) + " %\n";
}

}  // namespace cauchy::cli

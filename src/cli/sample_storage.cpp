// Which data sets stay in memory.

#include "cauchy/cli/sample_storage.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

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

/// A set on the rank with most shards.
struct Share {
  const SampleSet& set;
  std::uint64_t shards = 1;      ///< of this rank
  std::uint64_t shard_rows = 1;  ///< of the largest one
  double row_bytes = 0;

  bool can_stream() const { return !set.reader->files().empty(); }
  /// Two of each shard; one more, with which rows are looked at before training.
  std::uint64_t held_blocks() const { return 2 * shards + 1; }
  std::uint64_t all() const { return bytes_of(shards * shard_rows); }
  std::uint64_t blocks(std::uint64_t rows) const { return bytes_of(held_blocks() * std::min(rows, shard_rows)); }
  /// The least of blocks that are given.
  std::uint64_t least() const {
    return can_stream() && set.block_rows > 0 ? std::min(all(), blocks(set.block_rows)) : all();
  }
  bool chooses_blocks() const { return can_stream() && set.block_rows == 0; }

  std::uint64_t bytes_of(std::uint64_t rows) const {
    return static_cast<std::uint64_t>(static_cast<double>(rows) * row_bytes);
  }
};

Share share_of(const SampleSet& set, const Settings& settings, std::uint64_t rank_count) {
  const data::SourceShape& shape = set.reader->shape();
  const data::Source& source = set.reader->source();
  const std::uint64_t real_bytes = settings.run.precision == "double" ? sizeof(double) : sizeof(float);
  const std::uint64_t more = (source.weights.empty() && source.class_weights.empty() ? 0 : real_bytes) +
                             (source.exposure.empty() ? 0 : real_bytes);
  return {
      set, rounded_up(settings.data.shards, rank_count), rounded_up(shape.rows, settings.data.shards),
      static_cast<double>(data_bytes(shape, real_bytes)) / static_cast<double>(shape.rows) + static_cast<double>(more)};
}

std::string amount(const Settings& settings, std::uint64_t memory) {
  return "data.memory = " + settings.data.memory +
         (settings.data.memory.ends_with('%') ? " (" + bytes_text(memory) + " a rank)" : "");
}

[[noreturn]] void refuse(const std::string& message) {
  throw core::UserError(message).as_agreed();
}

/// None of the given blocks fit.
[[noreturn]] void refuse_blocks(const Share& share, const Settings& settings, std::uint64_t memory,
                                std::uint64_t rank_count) {
  const std::uint64_t block_rows = std::min(share.set.block_rows, share.shard_rows);
  const auto fitting_rows = static_cast<std::uint64_t>(static_cast<double>(memory) /
                                                       (static_cast<double>(share.held_blocks()) * share.row_bytes));
  const auto fitting_blocks =
      static_cast<std::uint64_t>(static_cast<double>(memory) / (static_cast<double>(block_rows) * share.row_bytes));
  const std::uint64_t fitting_shards = fitting_blocks > 1 ? (fitting_blocks - 1) / 2 : 0;
  std::string ways = "data.memory = " + std::to_string(rounded_up(share.least(), 1 << 20)) + "MiB";
  if (fitting_shards > 0) {
    ways += ", " + std::to_string(rounded_up(settings.data.shards, fitting_shards)) + " ranks";
  }
  if (fitting_rows > 0) {
    ways += ", or in a fresh run data.block_rows = " + std::to_string(fitting_rows);
  }
  if (fitting_shards > 0 && fitting_shards * rank_count >= settings.run.threads * rank_count) {
    ways += ", or data.shards = " + std::to_string(fitting_shards * rank_count);
  }
  if (share.chooses_blocks()) {
    refuse(data::at(share.set.reader->source()) + "not even 2 rows for each of the " + std::to_string(share.shards) +
           " shards of a rank fit into " + amount(settings, memory) + "; set more, or start more ranks");
  }
  refuse(data::at(share.set.reader->source()) +
         "2 blocks of data.block_rows = " + std::to_string(settings.data.block_rows) + " rows for each of the " +
         std::to_string(share.shards) + " shards of a rank, and one more, take " + bytes_text(share.least()) +
         ", more than " + amount(settings, memory) + "; what would do: " + ways);
}

[[noreturn]] void refuse_resident(const Share& share, const Settings& settings, std::uint64_t memory) {
  refuse(data::at(share.set.reader->source()) + "the rows of a rank take " + bytes_text(share.all()) + ", more than " +
         amount(settings, memory) + ", and only HDF5 is read while training goes on" +
         (share.set.reader->shape().bytes ? "" : "; `cauchy convert` makes such a file"));
}

}  // namespace

SampleSet training_set(const data::Reader& reader, const Settings& settings) {
  const std::uint64_t batch = settings.batch.batch_size;
  const bool shuffles = batch > 0 && batch < reader.shape().rows;
  return {&reader, shuffles ? settings.data.block_rows : 0};
}

std::vector<SampleStorage> store_samples(const communication::Communicator& ranks, const Settings& settings,
                                         std::span<const SampleSet> sets) {
  const auto rank_count = static_cast<std::uint64_t>(ranks.size());
  const std::uint64_t memory = memory_of_a_rank(ranks, settings);
  std::vector<SampleStorage> storage(sets.size());
  std::vector<std::optional<Share>> shares(sets.size());
  std::uint64_t all = 0;
  std::uint64_t given = 0;     // what takes as much as it takes, streamed or not
  std::uint64_t choosing = 0;  // sets whose blocks may be as small as needed
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (sets[i].reader != nullptr) {
      shares[i].emplace(share_of(sets[i], settings, rank_count));
      storage[i].bytes = shares[i]->all();
      all += storage[i].bytes;
      given += shares[i]->chooses_blocks() ? 0 : shares[i]->least();
      choosing += shares[i]->chooses_blocks() ? 1 : 0;
    }
  }
  if (all <= memory) {
    return storage;
  }
  std::uint64_t used = 0;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (!shares[i]) {
      continue;
    }
    const Share& share = *shares[i];
    std::uint64_t block_rows = share.set.block_rows;
    if (share.chooses_blocks()) {
      const std::uint64_t bytes = given < memory ? (memory - given) / choosing : 0;
      const double fitting = static_cast<double>(bytes) / (static_cast<double>(share.held_blocks()) * share.row_bytes);
      block_rows = static_cast<std::uint64_t>(std::min(fitting, std::max(1.0, block_bytes / share.row_bytes)));
    }
    if (!share.can_stream() ? share.all() > memory : share.chooses_blocks() ? block_rows == 0 : given > memory) {
      share.can_stream() ? refuse_blocks(share, settings, memory, rank_count)
                         : refuse_resident(share, settings, memory);
    }
    if (share.can_stream() && share.blocks(block_rows) < share.all()) {
      storage[i] = {block_rows, share.blocks(block_rows)};
    }
    used += storage[i].bytes;
  }
  // The small ones may stay after all.
  std::vector<std::size_t> by_size;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (storage[i].streamed_block_rows > 0) {
      by_size.push_back(i);
    }
  }
  std::ranges::sort(by_size, {}, [&](std::size_t i) { return shares[i]->all(); });
  for (const std::size_t i : by_size) {
    const std::uint64_t without = used - storage[i].bytes;
    if (without + shares[i]->all() <= memory) {
      storage[i] = {0, shares[i]->all()};
      used = without + storage[i].bytes;
    }
  }
  return storage;
}

std::string storage_text(std::span<const SampleSet> sets, std::span<const SampleStorage> storage) {
  std::string text;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (storage[i].streamed_block_rows > 0) {
      text += (text.empty() ? "" : ", ") + sets[i].reader->source().key + " in blocks of " +
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

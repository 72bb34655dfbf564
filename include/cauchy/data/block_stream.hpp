#pragma once
/// Rows that are read from their file while others are in use.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "cauchy/data/reader.hpp"
#include "cauchy/data/shards.hpp"
#include "cauchy/data/standardization.hpp"

namespace cauchy::data {

/// What a stream has done so far, over all shards.
struct StreamSummary {
  std::uint64_t blocks = 0;   ///< that were read
  std::uint64_t late = 0;     ///< of these, those that somebody waited for
  double waited_seconds = 0;  ///< of all threads together
};

/// Blocks of rows of some shards: of each shard the one in use, and the next one, which a thread reads meanwhile. Block
/// b of a shard is its rows [b·block_rows, (b+1)·block_rows). Memory: two blocks a shard.
///
///     stream.block(0, 7)      read while the caller waits; the thread goes on with what the shard's order has next
///     stream.block(0, 2)      is there already
///     stream.block(0, 7)      again, as when a step is repeated: read anew; the thread's block stays
///
/// Threads may share it, but one alone asks for blocks of a shard. Files must not change meanwhile.
template <typename Real>
class BlockStream {
 public:
  /// `shards` are ranges of the reader's rows. Blocks come in the order of rows, again and again, until expect() says
  /// another. The reader must outlive the stream. Throws core::Error.
  BlockStream(const Reader& reader, const Standardization& standardization, const std::vector<Range>& shards,
              std::uint64_t block_rows);
  ~BlockStream();
  BlockStream(const BlockStream&) = delete;
  BlockStream& operator=(const BlockStream&) = delete;

  std::uint64_t block_rows() const { return block_rows_; }

  /// The order in which the blocks of a shard will be asked for, and the one after them. While nobody asks for any.
  void expect(std::size_t shard, std::span<const std::uint32_t> blocks, std::uint32_t following);

  /// The rows of a block. They stay until another block of the same shard is asked for. Throws core::InputOutputError,
  /// naming the file, if they cannot be read any more, on the thread that asks.
  const Samples<Real>& block(std::size_t shard, std::uint32_t block);

  StreamSummary summary() const;

 private:
  enum class State { empty, wanted, reading, ready };
  struct Slot {
    std::int64_t block = -1;  ///< -1: none
    Samples<Real> samples;
  };
  struct Shard {
    Range rows;
    std::vector<std::uint32_t> order;  ///< blocks, and behind them the one that follows
    std::size_t place = 0;             ///< of the block in use
    Slot current;                      ///< whoever asks for blocks has it alone
    Slot next;                         ///< the thread has it while it reads
    State next_state = State::empty;
    std::exception_ptr failure;  ///< of reading next
  };
  class UnchangedFiles;

  void serve();
  void read(const Shard& shard, Slot& slot);
  void read_while_waiting(Shard& shard, std::uint32_t block, std::unique_lock<std::mutex>& lock);
  void want_next(Shard& shard);

  const Reader& reader_;
  Standardization standardization_;
  std::uint64_t block_rows_;
  std::unique_ptr<const UnchangedFiles> files_;
  std::vector<Shard> shards_;
  mutable std::mutex mutex_;  ///< of all below, and of what shards say about their next block
  std::condition_variable changed_;
  std::deque<Shard*> wanted_;
  StreamSummary summary_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace cauchy::data

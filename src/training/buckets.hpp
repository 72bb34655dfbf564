#pragma once
/// Which part of a gradient leaves when.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace cauchy::training {

/// Cuts the blocks of a vector into buckets, which leave in one order on every rank: from the end of the vector, where
/// the backward pass begins, to its start. With `at_once`, a bucket leaves as soon as all shards have delivered it and
/// those before it have left; otherwise all of them leave together.
class Buckets {
 public:
  /// Calls leave(first, last) with the blocks of a bucket, on one thread after the other.
  Buckets(std::size_t blocks, std::size_t blocks_a_bucket, bool at_once,
          std::function<void(std::size_t, std::size_t)> leave)
      : blocks_(blocks),
        blocks_a_bucket_(blocks_a_bucket),
        at_once_(at_once),
        leave_(std::move(leave)),
        missing_((blocks + blocks_a_bucket - 1) / blocks_a_bucket) {}

  /// So many shards will deliver every block once.
  void begin(std::uint64_t shards) {
    for (std::size_t bucket = 0; bucket < missing_.size(); ++bucket) {
      missing_[bucket] = shards * (end_of(bucket) - bucket * blocks_a_bucket_);
    }
    staying_ = missing_.size();
  }

  /// A shard has delivered blocks [first, last), which lie in one bucket. From any thread.
  void complete(std::size_t first, std::size_t last) {
    if (missing_[first / blocks_a_bucket_].fetch_sub(last - first) == last - first && at_once_) {
      leave_complete();
    }
  }

  /// All that stay leave. Throws std::logic_error if a shard has not delivered: other ranks would wait.
  void leave_all() {
    leave_complete();
    if (staying_ > 0) {
      throw std::logic_error("a gradient was not delivered whole");
    }
  }

 private:
  std::size_t end_of(std::size_t bucket) const { return std::min(blocks_, (bucket + 1) * blocks_a_bucket_); }

  void leave_complete() {
    const std::scoped_lock lock(mutex_);
    for (; staying_ > 0 && missing_[staying_ - 1] == 0; --staying_) {
      leave_((staying_ - 1) * blocks_a_bucket_, end_of(staying_ - 1));
    }
  }

  std::size_t blocks_;
  std::size_t blocks_a_bucket_;
  bool at_once_;
  std::function<void(std::size_t, std::size_t)> leave_;
  std::vector<std::atomic<std::uint64_t>> missing_;  ///< blocks that shards have not delivered, by bucket
  std::size_t staying_ = 0;                          ///< buckets that have not left: the first ones
  std::mutex mutex_;                                 ///< of staying_ and leave_
};

}  // namespace cauchy::training

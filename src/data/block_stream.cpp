// Rows that are read while others are in use.

#include "cauchy/data/block_stream.hpp"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <string>
#include <system_error>
#include <utility>

#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/data/targets.hpp"
#include "cauchy/linear_algebra/product.hpp"
#include "cauchy/storage/descriptor.hpp"

namespace cauchy::data {

/// What the files were when they were first read. Of a file that is cut off HDF5 would give zeros.
template <typename Real>
class BlockStream<Real>::UnchangedFiles {
 public:
  explicit UnchangedFiles(const std::vector<std::filesystem::path>& paths) {
    for (const std::filesystem::path& path : paths) {
      files_.emplace_back(path, storage::stamp_of(path));
    }
  }

  /// Empty, or what has become of one of them.
  std::string fault() const {
    for (const auto& [path, before] : files_) {
      std::error_code error;
      const bool exists = std::filesystem::exists(path, error);
      const storage::FileStamp now = exists || error ? storage::stamp_of(path) : storage::FileStamp();
      if (now.file_number != before.file_number) {
        return path.string() + " has been removed or replaced";
      }
      if (now.bytes != before.bytes) {
        return path.string() + " is " + std::to_string(now.bytes) + " bytes long, and was " +
               std::to_string(before.bytes);
      }
      if (now != before) {
        return path.string() + " has been written to";
      }
    }
    return "";
  }

 private:
  std::vector<std::pair<std::filesystem::path, storage::FileStamp>> files_;
};

template <typename Real>
BlockStream<Real>::BlockStream(const Reader& reader, const Standardization& standardization,
                               const std::vector<Range>& shards, std::uint64_t block_rows)
    : reader_(reader),
      standardization_(standardization),
      block_rows_(block_rows),
      files_(std::make_unique<UnchangedFiles>(reader.files())),
      shards_(shards.size()) {
  for (std::size_t i = 0; i < shards.size(); ++i) {
    Shard& shard = shards_[i];
    shard.rows = shards[i];
    shard.order.resize((shard.rows.size() + block_rows - 1) / block_rows + 1);
    std::iota(shard.order.begin(), shard.order.end(), 0U);
    shard.order.back() = 0;
  }
  try {
    thread_ = std::thread([this] {
      linear_algebra::prepare_thread();
      serve();
    });
  } catch (const std::system_error& error) {
    throw core::Error(core::ExitCode::internal_error,
                      std::string("the system gives no thread to read data: ") + error.what());
  }
}

template <typename Real>
BlockStream<Real>::~BlockStream() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

template <typename Real>
void BlockStream<Real>::expect(std::size_t shard, std::span<const std::uint32_t> blocks, std::uint32_t following) {
  Shard& of = shards_[shard];
  of.order.assign(blocks.begin(), blocks.end());
  of.order.push_back(following);
  of.place = 0;
  if (of.current.block == of.order.front()) {
    const std::scoped_lock lock(mutex_);
    want_next(of);
  }
}

template <typename Real>
const Samples<Real>& BlockStream<Real>::block(std::size_t shard, std::uint32_t block) {
  Shard& of = shards_[shard];
  if (of.current.block == block) {
    return of.current.samples;
  }
  std::unique_lock lock(mutex_);
  const bool is_next = of.next.block == block && of.next_state != State::empty;
  if (is_next && of.next_state == State::wanted) {
    of.next_state = State::empty;  // the thread is busy with other shards
    read_while_waiting(of, block, lock);
  } else if (is_next) {
    if (of.next_state == State::reading) {
      const core::Doing doing("waiting for data");
      const core::Timer timer;
      changed_.wait(lock, [&of] { return of.next_state == State::ready; });
      ++summary_.late;
      summary_.waited_seconds += timer.seconds();
    }
    of.next_state = State::empty;
    if (of.failure) {
      std::rethrow_exception(std::exchange(of.failure, nullptr));
    }
    std::swap(of.current, of.next);
  } else {
    read_while_waiting(of, block, lock);
  }
  // Forward from the block before; where that was late in its epoch or a step is repeated, from the start.
  const auto start = of.order.begin();
  auto found = std::find(start + static_cast<std::ptrdiff_t>(of.place), of.order.end(), block);
  if (found == of.order.end() || found + 1 == of.order.end()) {
    found = std::find(start, of.order.end(), block);
  }
  of.place = static_cast<std::size_t>(found - start);
  want_next(of);
  return of.current.samples;
}

/// With the lock, which it opens while it reads.
template <typename Real>
void BlockStream<Real>::read_while_waiting(Shard& shard, std::uint32_t block, std::unique_lock<std::mutex>& lock) {
  const core::Doing doing("reading data");
  const core::Timer timer;
  lock.unlock();
  shard.current.block = block;
  try {
    read(shard, shard.current);
  } catch (...) {
    shard.current.block = -1;
    throw;
  }
  lock.lock();
  ++summary_.blocks;
  ++summary_.late;
  summary_.waited_seconds += timer.seconds();
}

/// With the lock. What the thread has already, or is at, stays if it comes later in the order.
template <typename Real>
void BlockStream<Real>::want_next(Shard& shard) {
  const auto after = shard.order.begin() + static_cast<std::ptrdiff_t>(shard.place) + 1;
  const bool comes_later =
      shard.next_state != State::empty && std::find(after, shard.order.end(), shard.next.block) != shard.order.end();
  if (after == shard.order.end() || *after == shard.current.block || comes_later ||
      shard.next_state == State::reading) {
    return;
  }
  shard.next.block = *after;
  shard.failure = nullptr;
  if (shard.next_state != State::wanted) {
    shard.next_state = State::wanted;
    wanted_.push_back(&shard);
    changed_.notify_all();
  }
}

template <typename Real>
void BlockStream<Real>::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !wanted_.empty(); });
    if (stopping_) {
      return;
    }
    Shard& shard = *wanted_.front();
    wanted_.pop_front();
    if (shard.next_state != State::wanted) {
      continue;  // whoever asked has read it
    }
    shard.next_state = State::reading;
    lock.unlock();
    std::exception_ptr failure;
    try {
      read(shard, shard.next);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    shard.failure = failure;
    shard.next_state = State::ready;
    ++summary_.blocks;
    changed_.notify_all();
  }
}

template <typename Real>
void BlockStream<Real>::read(const Shard& shard, Slot& slot) {
  const std::uint64_t first = shard.rows.first + static_cast<std::uint64_t>(slot.block) * block_rows_;
  const auto fail = [](const std::string& fault) {
    throw core::InputOutputError(fault +
                                 "; its rows are read again and again, since data.memory does not hold them: mend "
                                 "that, then go on with --resume");
  };
  const auto require_unchanged = [&] {
    const std::string fault = files_->fault();
    if (!fault.empty()) {
      fail(reader_.source().key + ": " + fault);
    }
  };
  try {
    read_samples(reader_, {first, std::min(shard.rows.last, first + block_rows_)}, standardization_, slot.samples);
    weigh_classes<Real>(reader_.source().class_weights, slot.samples);
  } catch (const core::Error& error) {
    require_unchanged();
    fail(error.what());
  }
  require_unchanged();
}

template <typename Real>
StreamSummary BlockStream<Real>::summary() const {
  const std::scoped_lock lock(mutex_);
  return summary_;
}

template class BlockStream<float>;
template class BlockStream<double>;

}  // namespace cauchy::data

// A folder that one process at a time may write to.

#include "cauchy/storage/folder_lock.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::storage {
namespace {

constexpr const char* lock_name = ".lock";
constexpr std::uint64_t longest_holder = 1000;  // bytes of the line that are read
constexpr std::chrono::milliseconds between_attempts{100};

}  // namespace

FolderLock::FolderLock(std::filesystem::path folder, std::string holder, double patience)
    : folder_(std::move(folder)), path_(folder_ / lock_name), holder_(std::move(holder)) {
  const core::Doing doing("waiting for another job to leave a folder");
  const core::Timer timer;
  while (!try_lock()) {
    if (timer.seconds() >= patience) {
      throw core::UserError(folder_.string() + " is in use by " + other_holder() +
                            "; wait for its end, or choose another folder");
    }
    std::this_thread::sleep_for(between_attempts);
    core::note_progress();  // it ends by itself
  }
}

/// False if somebody else holds the lock.
bool FolderLock::try_lock() {
  Descriptor file = Descriptor::open_or_create(path_);
  const Descriptor::Lock lock = file.try_lock();
  if (lock == Descriptor::Lock::taken) {
    return false;
  }
  if (lock == Descriptor::Lock::unsupported) {
    missing_ = std::generic_category().message(errno);
  }
  const std::string line = holder_ + "\n";
  file.resize(0);
  file.write_at(0, std::as_bytes(std::span(line)));
  file_.emplace(std::move(file));
  return true;
}

bool FolderLock::is_ours() const {
  return file_ && file_->is_at(path_);
}

bool FolderLock::renew() {
  if (is_ours()) {
    return false;
  }
  std::error_code ignored;
  const bool is_missing = !std::filesystem::exists(folder_, ignored);
  create_folders(folder_);
  if (!try_lock()) {
    throw StorageError(folder_.string() + " was removed, and is now in use by " + other_holder());
  }
  return is_missing;
}

std::string FolderLock::other_holder() const {
  std::string line;
  try {
    const Descriptor file = Descriptor::open_to_read(path_);
    line.resize(std::min(file.size(), longest_holder));
    file.read_at(0, std::as_writable_bytes(std::span(line)));
    line.resize(std::min(line.size(), line.find('\n')));
  } catch (const StorageError&) {
    line.clear();  // it is only for the message
  }
  return line.empty() ? "another job" : "another job (" + line + ")";
}

}  // namespace cauchy::storage

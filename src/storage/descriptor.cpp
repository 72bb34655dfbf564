// Plain files through the system calls of POSIX.

#include "cauchy/storage/descriptor.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "cauchy/core/activity.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::storage {
namespace {

// Bytes a system call at most: each is progress that others can see.
constexpr std::uint64_t piece_bytes = std::uint64_t{1} << 24;
// On their way to the device, or back: enough to keep it busy, and few enough to stay in a processor's cache.
constexpr std::uint64_t batch_bytes = std::uint64_t{1} << 22;
constexpr std::uint64_t batches_ahead = 3;

[[noreturn]] void fail(const std::string& action, const std::filesystem::path& path, int error) {
  throw StorageError("cannot " + action + " " + path.string() + ": " + std::generic_category().message(error));
}

struct stat status_of(int number, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(number, &status) != 0) {
    fail("look at", path, errno);
  }
  return status;
}

/// Calls sync_file_range(). Returns false for a file system that knows no ranges; fsync() would not tell a failure of
/// the device a second time.
bool sync_range(int number, const std::filesystem::path& path, std::uint64_t offset, std::uint64_t bytes,
                unsigned what) {
  if (::sync_file_range(number, static_cast<off_t>(offset), static_cast<off_t>(bytes), what) == 0) {
    return true;
  }
  if (errno == EIO || errno == ENOSPC || errno == EDQUOT) {
    fail("bring to the device", path, errno);
  }
  return false;
}

FileStamp stamp_from(const struct stat& status) {
  return {static_cast<std::uint64_t>(status.st_size), status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

constexpr unsigned start_writing = SYNC_FILE_RANGE_WRITE;
constexpr unsigned write_and_wait = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;

}  // namespace

FileStamp stamp_of(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    fail("look at", path, errno);
  }
  return stamp_from(status);
}

Descriptor Descriptor::open_to_read(const std::filesystem::path& path) {
  // Without O_NONBLOCK a named pipe would wait for a writer for ever.
  Descriptor file(path, ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number_ < 0) {
    fail("open", path, errno);
  }
  const auto mode = status_of(file.number_, path).st_mode;
  if (!S_ISREG(mode)) {
    throw StorageError("cannot open " + path.string() + ": it is " +
                       (S_ISDIR(mode) ? "a directory" : "not an ordinary file"));
  }
  return file;
}

Descriptor Descriptor::open_to_change(const std::filesystem::path& path) {
  Descriptor file(path, ::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (file.number_ < 0) {
    fail("open", path, errno);
  }
  return file;
}

Descriptor Descriptor::create(const std::filesystem::path& path) {
  Descriptor file(path, ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file.number_ < 0) {
    fail("create", path, errno);
  }
  return file;
}

Descriptor Descriptor::open_or_create(const std::filesystem::path& path) {
  Descriptor file(path, ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (file.number_ < 0) {
    fail("open", path, errno);
  }
  return file;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) {
    ::close(number_);
  }
}

std::uint64_t Descriptor::size() const {
  return static_cast<std::uint64_t>(status_of(number_, path_).st_size);
}

FileStamp Descriptor::stamp() const {
  return stamp_from(status_of(number_, path_));
}

void Descriptor::read_at(std::uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const std::size_t most = std::min(bytes.size(), piece_bytes);
    const ssize_t count = ::pread(number_, bytes.data(), most, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      fail("read", path_, errno);
    }
    if (count == 0) {
      throw StorageError("cannot read " + path_.string() + ": it ends at byte " + std::to_string(offset));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
    core::note_progress();
  }
}

void Descriptor::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t most = std::min(bytes.size(), piece_bytes);
    const ssize_t count = ::pwrite(number_, bytes.data(), most, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      fail("write to", path_, count < 0 ? errno : EIO);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
    core::note_progress();
  }
}

void Descriptor::resize(std::uint64_t bytes) {
  if (::ftruncate(number_, static_cast<off_t>(bytes)) != 0) {
    fail("change the length of", path_, errno);
  }
}

void Descriptor::sync() {
  sync_number(number_, path_);
}

void Descriptor::drop_from_cache(std::uint64_t offset, std::uint64_t bytes) const {
  const int error =
      ::posix_fadvise(number_, static_cast<off_t>(offset), static_cast<off_t>(bytes), POSIX_FADV_DONTNEED);
  if (error != 0) {
    fail("drop from the page cache", path_, error);
  }
}

void Descriptor::close() {
  // The descriptor is gone even where close() reports an error.
  if (::close(std::exchange(number_, -1)) != 0) {
    fail("close", path_, errno);
  }
}

bool Descriptor::is_at(const std::filesystem::path& path) const {
  struct stat there {};
  const auto here = status_of(number_, path_);
  if (::stat(path.c_str(), &there) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) {
      fail("look at", path, errno);
    }
    return false;
  }
  return there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

Descriptor::Lock Descriptor::try_lock() {
  if (::flock(number_, LOCK_EX | LOCK_NB) == 0) {
    return Lock::held;
  }
  switch (errno) {
    case EWOULDBLOCK:
    case EACCES:
      return Lock::taken;
    case EINVAL:
    case ENOLCK:
    case ENOSYS:
    case EOPNOTSUPP:
      return Lock::unsupported;
    default:
      fail("lock", path_, errno);
  }
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

void sync_number(int number, const std::filesystem::path& path) {
  // Piece by piece, so that a slow device shows progress; fsync() then does the rest, and what gives durability.
  const auto length = static_cast<std::uint64_t>(status_of(number, path).st_size);
  for (std::uint64_t offset = 0; offset < length; offset += piece_bytes) {
    if (!sync_range(number, path, offset + piece_bytes, piece_bytes, start_writing) ||
        !sync_range(number, path, offset, piece_bytes, write_and_wait)) {
      break;
    }
    core::note_progress();
  }
  if (::fsync(number) != 0) {
    fail("bring to the device", path, errno);
  }
}

void Writeback::advance(int number, const std::filesystem::path& path, std::uint64_t end) {
  for (; offered_ && started_ + batch_bytes <= end; started_ += batch_bytes) {
    offered_ = sync_range(number, path, started_, batch_bytes, start_writing);
    if (offered_ && started_ >= batches_ahead * batch_bytes) {
      const std::uint64_t oldest = started_ - batches_ahead * batch_bytes;
      offered_ = sync_range(number, path, oldest, batch_bytes, write_and_wait);
      // Advice, which may go unheard.
      ::posix_fadvise(number, static_cast<off_t>(oldest), static_cast<off_t>(batch_bytes), POSIX_FADV_DONTNEED);
      core::note_progress();
    }
  }
}

void create_folders(const std::filesystem::path& folder) {
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) {
    return;
  }
  create_folders(folder.parent_path());
  std::filesystem::create_directory(folder, error);
  if (error) {
    throw StorageError("cannot create the folder " + folder.string() + ": " + error.message());
  }
  try {
    sync_folder(folder_of(folder));
  } catch (const StorageError&) {
    // Whoever may make a folder in another one need not be allowed to read that.
  }
}

void sync_folder(const std::filesystem::path& folder) {
  const int number = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (number < 0) {
    fail("open", folder, errno);
  }
  const int error = ::fsync(number) == 0 ? 0 : errno;
  ::close(number);
  if (error != 0 && error != EINVAL && error != ENOTSUP) {
    fail("bring to the device", folder, error);
  }
}

}  // namespace cauchy::storage

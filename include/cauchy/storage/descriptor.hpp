#pragma once
/// Plain files: checked system calls, with their reason in words.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <utility>

namespace cauchy::storage {

/// What tells that a file is still the one that it was.
struct FileStamp {
  std::uint64_t bytes = 0;
  std::uint64_t file_number = 0;
  std::int64_t seconds = 0;  ///< of its last change, since 1970
  std::int64_t nanoseconds = 0;

  bool operator==(const FileStamp&) const = default;
};

/// Throws StorageError, naming file and reason, if the path leads to none.
FileStamp stamp_of(const std::filesystem::path& path);

/// An open file, by the operating system's descriptor. Every function throws StorageError, naming the file and the
/// reason.
class Descriptor {
 public:
  static Descriptor open_to_read(const std::filesystem::path& path);
  static Descriptor open_to_change(const std::filesystem::path& path);
  /// A new empty file; an existing one is an error.
  static Descriptor create(const std::filesystem::path& path);
  /// To change, made empty where it is missing.
  static Descriptor open_or_create(const std::filesystem::path& path);

  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : path_(std::move(other.path_)), number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  /// Bytes.
  std::uint64_t size() const;
  FileStamp stamp() const;
  /// The bytes from `offset` on; a file that ends before is an error.
  void read_at(std::uint64_t offset, std::span<std::byte> bytes) const;
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  void resize(std::uint64_t bytes);
  /// Returns when the file's contents are on the device.
  void sync();
  /// Lets what was synced go from the page cache, so that reading it again asks the device. `bytes` 0: all from there
  /// on.
  void drop_from_cache(std::uint64_t offset = 0, std::uint64_t bytes = 0) const;
  void close();

  /// Whether the path still names this file, and not another one, or none. Throws StorageError if that cannot be seen.
  bool is_at(const std::filesystem::path& path) const;

  /// What became of an attempt to lock.
  enum class Lock { held, taken, unsupported };
  /// Takes the file's advisory lock, unless another process has it. The lock ends with this object or its process. On
  /// file systems without locks: unsupported, and errno says why.
  Lock try_lock();

 private:
  Descriptor(std::filesystem::path path, int number) : path_(std::move(path)), number_(number) {}

  std::filesystem::path path_;
  int number_ = -1;  ///< -1: closed
};

/// The folder that a file lies in.
std::filesystem::path folder_of(const std::filesystem::path& path);

/// Returns when what was written to a file, open under this number, is on the device.
void sync_number(int number, const std::filesystem::path& path);

/// Brings a file to the device while it is being written, so that the device and the processor work at the same time
/// and sync_number() finds little left to do. What has got there leaves the page cache: a file of any size takes the
/// same few pages there, again and again, and displaces nothing.
class Writeback {
 public:
  /// All before `end` has been written, some of it perhaps not for the last time. Waits where the device is far behind.
  void advance(int number, const std::filesystem::path& path, std::uint64_t end);

 private:
  std::uint64_t started_ = 0;  ///< what comes before is at least on its way
  bool offered_ = true;        ///< by the file system
};

/// Makes a folder, and those above it, where they are missing; their names are on the device when it returns, as far as
/// the folders above may be opened. Throws StorageError.
void create_folders(const std::filesystem::path& folder);

/// Returns when the names in a folder are on the device. File systems that offer no such thing are passed over.
void sync_folder(const std::filesystem::path& folder);

}  // namespace cauchy::storage

#pragma once
/// HDF5 files that say of themselves whether they are whole.
///
///     bytes 0 to 255     "cauchy <kind>, format <number>, length <20 digits>, table at <20 digits>, crc64-xz <16 hex
///                        digits>\n", then zeros: the length of the file, where its table starts, and the CRC-64/XZ of
///                        its bytes from 512 on
///     bytes 256 to 511   the same again, so that damage to one of them cannot make the file pass for a foreign one
///     from 512 on        HDF5; an attribute "sealed" of / says that the lines above belong to it
///     the table          where the contents of datasets lie: "<offset> <bytes> <crc64-xz> <dataset>\n" for each piece,
///                        and "crc64-xz <16 hex digits>\n" of these lines. HDF5 takes no notice of it.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "cauchy/core/timer.hpp"
#include "cauchy/storage/atomic_file.hpp"
#include "cauchy/storage/descriptor.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::storage {

/// What a sealed file is: "checkpoint", "data file"; and the version of its format that this program knows.
struct SealKind {
  const char* name = "";
  std::uint64_t format = 0;
};

/// What it took to write files.
struct WritingCost {
  std::uint64_t bytes = 0;
  double writing_seconds = 0;  ///< until it was all on the device
  double reading_back_seconds = 0;

  void add(const WritingCost& other);
};

/// A sealed file that is being written, atomically, in place of an older one. Throws StorageError.
class SealedWriter {
 public:
  SealedWriter(const std::filesystem::path& path, const SealKind& kind);

  /// For the contents.
  File& file() { return file_; }

  /// Seals the file, reads it back from the device and gives it its name. Without it nothing is left behind.
  WritingCost commit();

 private:
  core::Timer timer_;
  SealKind kind_;
  AtomicFile target_;
  File file_;
};

/// The same in one call, with the contents that `fill` gives it.
WritingCost write_sealed(const std::filesystem::path& path, const SealKind& kind,
                         const std::function<void(File&)>& fill);

/// Whether one of its lines calls the file one of this kind, whatever its condition. Throws StorageError if it cannot
/// be read.
bool is_sealed(const std::filesystem::path& path, const SealKind& kind);

/// What becomes of a file's pages in memory once they have been read.
enum class Pages { stay, go };

/// A file whose lines are intact and whose length is right, and whose check sum is being compared, in parts that may be
/// summed on different ranks.
class SealedFile {
 public:
  /// Throws StorageError, which says what is wrong: not of this kind, of another format, damaged, cut off.
  SealedFile(const std::filesystem::path& path, const SealKind& kind);

  /// CRC-64/XZ of one of `parts` parts, of about the same size.
  std::uint64_t sum_of_part(std::uint64_t part, std::uint64_t parts, Pages pages = Pages::stay) const;

  /// Throws StorageError, with the datasets that are damaged, unless these are the sums of all parts of a whole file.
  void require_sums(std::span<const std::uint64_t> sums) const;

 private:
  std::uint64_t start_of_part(std::uint64_t part, std::uint64_t parts) const;
  std::string place_of_damage() const;

  std::filesystem::path path_;
  Descriptor file_;
  std::uint64_t length_ = 0;
  std::uint64_t table_ = 0;  ///< offset
  std::uint64_t sum_ = 0;    ///< as stated
};

/// Compares a file with its own lines, without HDF5, which does not survive every damaged file. Throws StorageError as
/// SealedFile does.
void verify_seal(const std::filesystem::path& path, const SealKind& kind, Pages pages = Pages::stay);

/// For a file that no line calls sealed: throws StorageError if it was sealed once.
void require_unsealed(const File& file);

}  // namespace cauchy::storage

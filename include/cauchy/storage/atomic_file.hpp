#pragma once
/// A file that appears under its name complete, or not at all.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "cauchy/core/crc64.hpp"
#include "cauchy/storage/descriptor.hpp"

namespace cauchy::storage {

/// Writes go to a temporary file in the same folder; commit() brings it to the device, has it read back, and gives it
/// its final name, in place of an older file of that name. Without commit() the temporary file is removed and the older
/// file stays. One writer of a final name at a time. Throws StorageError, naming the file and the reason.
///
///     AtomicFile target("digits.h5");
///     write(target.temporary_path());
///     target.commit([&] { verify(target.temporary_path()); });
class AtomicFile {
 public:
  /// Removes what an earlier process of the same number may have left under the temporary name.
  explicit AtomicFile(std::filesystem::path final_path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  AtomicFile(AtomicFile&&) = delete;
  AtomicFile& operator=(AtomicFile&&) = delete;

  /// ".<name>.tmp.<process number>" beside the final path. The writer creates it and closes it before commit().
  const std::filesystem::path& temporary_path() const { return temporary_path_; }

  /// fsync of the file, read_back(), rename, fsync of the folder. The file is then no longer in the page cache, so that
  /// read_back() sees what the device holds; it throws if that is not what was written.
  void commit(const std::function<void()>& read_back);

 private:
  std::filesystem::path final_path_;
  std::filesystem::path temporary_path_;
  bool committed_ = false;
};

/// A text file that is written that way piece by piece, and of which the check sum is read back.
class TextWriter {
 public:
  explicit TextWriter(const std::filesystem::path& path);

  void append(std::string_view text);
  void commit();

 private:
  AtomicFile target_;
  Descriptor file_;
  core::Crc64 sum_;
  std::uint64_t bytes_ = 0;
};

/// Writes a text file that way, and compares what the device holds with the text.
void write_text_file(const std::filesystem::path& path, const std::string& text);

/// Copies a file that way.
void copy_file(const std::filesystem::path& from, const std::filesystem::path& to);

/// Gives a complete file a second name, in place of an older file of that name, atomically. Returns false, and does
/// nothing, where that is not possible: some file systems know no hard links. Throws StorageError.
bool link_in_place(const std::filesystem::path& path, const std::filesystem::path& second_path);

/// Removes what writers that died have left of files whose final names start with `prefix`. For the only writer of the
/// folder: what another one is writing goes, too.
void remove_abandoned(const std::filesystem::path& folder, const std::string& prefix);

}  // namespace cauchy::storage

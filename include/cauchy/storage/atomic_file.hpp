#pragma once
/// A file that appears under its name complete, or not at all.

#include <filesystem>
#include <string>

namespace cauchy::storage {

/// Writes go to a temporary file in the same folder; commit() brings it to the device and gives it its final name, in
/// place of an older file of that name. Without commit() the temporary file is removed and the older file stays. One
/// writer of a final name at a time. Throws StorageError, naming the file and the reason.
///
///     AtomicFile target("runs/resolved.cfg");
///     std::ofstream(target.temporary_path()) << text;
///     target.commit();
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

  /// fsync of the file, rename, fsync of the folder.
  void commit();

 private:
  std::filesystem::path final_path_;
  std::filesystem::path temporary_path_;
  bool committed_ = false;
};

/// Writes a text file that way.
void write_text_file(const std::filesystem::path& path, const std::string& text);

/// Gives a complete file a second name, in place of an older file of that name, atomically. Returns false, and does
/// nothing, where that is not possible: some file systems know no hard links. Throws StorageError.
bool link_in_place(const std::filesystem::path& path, const std::filesystem::path& second_path);

/// Removes temporary files that dead processes of this machine have left for final names that start with `prefix`.
void remove_abandoned(const std::filesystem::path& folder, const std::string& prefix);

}  // namespace cauchy::storage

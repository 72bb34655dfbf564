#pragma once
/// A folder that one process at a time may write to, on whatever host.

#include <filesystem>
#include <optional>
#include <string>

#include "cauchy/storage/descriptor.hpp"

namespace cauchy::storage {

/// Holds the lock of a folder: an advisory lock on a file ".lock" in it, which the operating system, or the server of a
/// network file system, releases when its holder dies. The file stays, with a line that says who holds it, or held it
/// last.
class FolderLock {
 public:
  /// Locks an existing folder. `holder` tells others who this is. While somebody else holds the lock, tries again for
  /// `patience` seconds: a job that has been killed may take a moment to end. Throws core::UserError that names the
  /// other holder; StorageError if the lock file cannot be written.
  FolderLock(std::filesystem::path folder, std::string holder, double patience);

  /// Why nothing keeps others out: the file system offers no locks. Empty if it does.
  const std::string& missing() const { return missing_; }

  /// Makes sure that the folder is still locked. One that has been removed is made again; then it returns true. Throws
  /// StorageError if that fails, or if the folder belongs to somebody else by now.
  bool renew();

  const std::filesystem::path& folder() const { return folder_; }

 private:
  bool try_lock();
  bool is_ours() const;
  std::string other_holder() const;

  std::filesystem::path folder_;
  std::filesystem::path path_;
  std::string holder_;
  std::optional<Descriptor> file_;
  std::string missing_;
};

}  // namespace cauchy::storage

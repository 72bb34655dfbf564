#pragma once
/// The folders that a run writes to, and what earlier runs left in them.

#include <cstdint>
#include <filesystem>
#include <vector>

#include "cauchy/cli/settings.hpp"
#include "cauchy/storage/folder_lock.hpp"

namespace cauchy::cli {

struct RunFolders {
  std::filesystem::path checkpoints;  ///< checkpoint.directory
  std::filesystem::path output;       ///< output.directory, or that of the checkpoints

  std::filesystem::path metrics() const { return output / "metrics.csv"; }
  std::filesystem::path resolved() const { return output / "resolved.cfg"; }
};

RunFolders run_folders(const Settings& settings);

/// Whether the folders are there or can be made, without making them. Throws core::UserError, naming the key.
void check_folders(const RunFolders& folders);

/// Keeps other jobs out of the folders of a run, as long as it lives.
class RunLocks {
 public:
  /// Locks those of the folders that exist and are not locked yet, and removes what writers that died have left in
  /// them. Waits some seconds for a job that is ending. Throws core::UserError, naming the other job.
  void take(const RunFolders& folders);

  /// Makes and locks anew what has been removed meanwhile, with a warning. Whether there was such a folder. Throws
  /// storage::StorageError.
  bool renew();

 private:
  std::vector<std::filesystem::path> folders_;
  std::vector<storage::FolderLock> locks_;
};

/// Makes and locks the folders. Whatever is there that this run will not go on from is set aside: all of an earlier
/// run, or, if this one is resumed from a checkpoint in the same folder (an empty path: it is not resumed), what came
/// after its step. Says so on standard output. Throws core::UserError or storage::StorageError.
void open_folders(const RunFolders& folders, RunLocks& locks, const std::filesystem::path& resumed_from,
                  std::uint64_t step);

}  // namespace cauchy::cli

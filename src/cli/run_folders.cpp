// The folders that a run writes to.

#include "cauchy/cli/run_folders.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <string>
#include <system_error>

#include "cauchy/checkpoint/store.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/storage/atomic_file.hpp"
#include "cauchy/storage/descriptor.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::cli {
namespace {

// For a job that has been killed, whose ranks may still be about to end.
constexpr double patience_seconds = 10;

/// Who holds a lock, in the words of the one who finds it taken.
std::string this_job() {
  std::string text = "process " + std::to_string(getpid()) + " on " + communication::host_name();
  if (const char* job = std::getenv("SLURM_JOB_ID")) {
    text += ", Slurm job " + std::string(job);
  }
  char time[40] = "";
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  if (localtime_r(&now, &local) != nullptr && std::strftime(time, sizeof time, "%Y-%m-%d %H:%M:%S", &local) > 0) {
    text += ", since " + std::string(time);
  }
  return text;
}

void check_folder(const std::string& key, std::filesystem::path folder) {
  if (folder.empty()) {
    throw core::UserError(key + " is empty; it names a folder");
  }
  const std::string at = key + " = " + folder.string() + ": ";
  folder = std::filesystem::absolute(folder);
  std::error_code ignored;  // what cannot be looked at cannot be written either
  while (!std::filesystem::exists(folder, ignored) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  if (std::filesystem::exists(folder, ignored) && !std::filesystem::is_directory(folder, ignored)) {
    throw core::UserError(at + folder.string() + " is a file, not a folder");
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    throw core::UserError(at + folder.string() + " cannot be written: " + std::strerror(errno));
  }
}

void make_folder(const std::string& key, const std::filesystem::path& folder) {
  try {
    storage::create_folders(folder);
  } catch (const storage::StorageError& error) {
    throw core::UserError(key + " = " + folder.string() + ": " + error.what());
  }
}

// An output folder apart from that of the checkpoints may hold checkpoints of others: they stay.
void set_run_aside(const std::filesystem::path& folder, const RunFolders& folders) {
  const auto first_step = folder == folders.checkpoints ? std::optional<std::uint64_t>(0) : std::nullopt;
  const auto earlier = checkpoint::set_aside(
      folder, first_step, {folders.metrics().filename().string(), folders.resolved().filename().string()});
  if (earlier) {
    std::cout << "an earlier run is now in " << earlier->string() << "\n";
  }
}

void set_later_steps_aside(const RunFolders& folders, std::uint64_t step) {
  const auto later = checkpoint::set_aside(folders.checkpoints, step + 1, {});
  if (!later) {
    return;
  }
  std::error_code ignored;
  if (std::filesystem::exists(folders.metrics(), ignored)) {
    storage::copy_file(folders.metrics(), *later / folders.metrics().filename());
  }
  std::cout << "checkpoints after step " << step << " and a copy of the metrics are now in " << later->string() << "\n";
}

void warn_of_missing_metrics(const std::filesystem::path& metrics, std::uint64_t step) {
  std::error_code ignored;
  if (step > 0 && !std::filesystem::exists(metrics, ignored)) {
    std::cerr << "cauchy: warning: " << metrics.string() << " is missing: its rows up to step " << step
              << " are lost\n";
  }
}

}  // namespace

RunFolders run_folders(const Settings& settings) {
  const std::string& output = settings.output.directory;
  return {settings.checkpoint.directory, output.empty() ? settings.checkpoint.directory : output};
}

void check_folders(const RunFolders& folders) {
  check_folder("checkpoint.directory", folders.checkpoints);
  check_folder("output.directory", folders.output);
}

void RunLocks::take(const RunFolders& folders) {
  for (const std::filesystem::path& folder : {folders.checkpoints, folders.output}) {
    std::error_code ignored;
    const auto is_this = [&](const auto& other) { return std::filesystem::equivalent(folder, other, ignored); };
    if (!std::filesystem::is_directory(folder, ignored) || std::ranges::any_of(folders_, is_this)) {
      continue;
    }
    const storage::FolderLock& lock = locks_.emplace_back(folder, this_job(), patience_seconds);
    folders_.push_back(folder);
    checkpoint::remove_leftovers(folder);
    storage::remove_abandoned(folder, folders.resolved().filename());
    if (!lock.missing().empty()) {
      std::cerr << "cauchy: warning: " << folder.string() << " cannot be locked (" << lock.missing()
                << "): nothing keeps another job out of it\n";
    }
  }
}

bool RunLocks::renew() {
  bool any = false;
  for (storage::FolderLock& lock : locks_) {
    if (lock.renew()) {
      any = true;
      std::cerr << "cauchy: warning: the folder " << lock.folder().string() << " was removed; it is made again\n";
    }
  }
  return any;
}

void open_folders(const RunFolders& folders, RunLocks& locks, const std::filesystem::path& resumed_from,
                  std::uint64_t step) {
  make_folder("checkpoint.directory", folders.checkpoints);
  make_folder("output.directory", folders.output);
  locks.take(folders);
  const bool goes_on =
      !resumed_from.empty() && std::filesystem::equivalent(resumed_from.parent_path() / ".", folders.checkpoints);
  if (goes_on) {
    set_later_steps_aside(folders, step);
    warn_of_missing_metrics(folders.metrics(), step);
  } else {
    set_run_aside(folders.checkpoints, folders);
    set_run_aside(folders.output, folders);
  }
}

}  // namespace cauchy::cli

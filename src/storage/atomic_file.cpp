// Temporary name, fsync, rename, fsync of the folder.

#include "cauchy/storage/atomic_file.hpp"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "cauchy/storage/descriptor.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::storage {
namespace {

constexpr const char* infix = ".tmp.";

std::string hidden(const std::string& name) {
  return std::string(1, '.').append(name);
}

void remove_if_present(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) {
    throw StorageError("cannot remove " + path.string() + ": " + error.message());
  }
}

/// The process that a temporary file for a name with this prefix belongs to; none for any other file.
std::optional<pid_t> owner(const std::string& name, const std::string& prefix) {
  const std::size_t place = name.rfind(infix);
  if (!name.starts_with(hidden(prefix)) || place == std::string::npos) {
    return std::nullopt;
  }
  const char* first = name.data() + place + std::string(infix).size();
  const char* last = name.data() + name.size();
  pid_t process = 0;
  const auto [end, error] = std::from_chars(first, last, process);
  return error == std::errc{} && end == last && process > 0 ? std::optional(process) : std::nullopt;
}

bool is_alive(pid_t process) {
  return ::kill(process, 0) == 0 || errno != ESRCH;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path final_path) : final_path_(std::move(final_path)) {
  const std::string name = hidden(final_path_.filename().string()) + infix + std::to_string(::getpid());
  temporary_path_ = final_path_.parent_path() / name;
  remove_if_present(temporary_path_);
}

AtomicFile::~AtomicFile() {
  if (!committed_) {
    std::error_code ignored;
    std::filesystem::remove(temporary_path_, ignored);
  }
}

void AtomicFile::commit() {
  Descriptor file = Descriptor::open_to_read(temporary_path_);
  file.sync();
  file.close();
  std::error_code error;
  std::filesystem::rename(temporary_path_, final_path_, error);
  if (error) {
    throw StorageError("cannot rename " + temporary_path_.string() + " to " + final_path_.string() + ": " +
                       error.message());
  }
  committed_ = true;
  sync_folder(folder_of(final_path_));
}

void write_text_file(const std::filesystem::path& path, const std::string& text) {
  AtomicFile target(path);
  Descriptor file = Descriptor::create(target.temporary_path());
  file.write_at(0, std::as_bytes(std::span(text)));
  file.close();
  target.commit();
}

bool link_in_place(const std::filesystem::path& path, const std::filesystem::path& second_path) {
  std::error_code error;
  if (std::filesystem::equivalent(path, second_path, error)) {
    return true;  // rename() between two names of one file would leave both
  }
  AtomicFile target(second_path);
  std::filesystem::create_hard_link(path, target.temporary_path(), error);
  if (error) {
    return false;
  }
  target.commit();
  return true;
}

void remove_abandoned(const std::filesystem::path& folder, const std::string& prefix) {
  std::error_code error;
  std::vector<std::filesystem::path> abandoned;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::optional<pid_t> process = owner(entry->path().filename().string(), prefix);
    // A new process may have the number of a dead one, in containers usually: what bears our own is a leftover too.
    if (process && (*process == ::getpid() || !is_alive(*process))) {
      abandoned.push_back(entry->path());
    }
  }
  if (error) {
    throw StorageError("cannot list " + folder.string() + ": " + error.message());
  }
  for (const std::filesystem::path& path : abandoned) {
    remove_if_present(path);
  }
}

}  // namespace cauchy::storage

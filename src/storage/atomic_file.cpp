// Temporary name, fsync, reading back, rename, fsync of the folder.

#include "cauchy/storage/atomic_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "cauchy/core/activity.hpp"
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

bool is_temporary(const std::string& name, const std::string& prefix) {
  return name.starts_with(hidden(prefix)) && name.find(infix) != std::string::npos;
}

std::uint64_t sum_of_file(const std::filesystem::path& path) {
  const Descriptor file = Descriptor::open_to_read(path);
  const std::uint64_t size = file.size();
  core::Crc64 sum;
  std::vector<std::byte> piece;
  for (std::uint64_t offset = 0; offset < size; offset += piece.size()) {
    piece.resize(std::min<std::uint64_t>(std::uint64_t{1} << 20, size - offset));
    file.read_at(offset, piece);
    sum.update(piece);
    core::note_progress();
  }
  return sum.value();
}

/// Throws unless the file holds this text and nothing else.
void compare(const std::filesystem::path& path, const std::string& text) {
  const Descriptor file = Descriptor::open_to_read(path);
  std::string found(file.size(), '\0');
  file.read_at(0, std::as_writable_bytes(std::span(found)));
  if (found != text) {
    throw StorageError(path.string() + ": reads back as another text than was written");
  }
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

void AtomicFile::commit(const std::function<void()>& read_back) {
  Descriptor file = Descriptor::open_to_read(temporary_path_);
  file.sync();
  file.drop_from_cache();
  file.close();
  read_back();
  std::error_code error;
  std::filesystem::rename(temporary_path_, final_path_, error);
  if (error) {
    throw StorageError("cannot rename " + temporary_path_.string() + " to " + final_path_.string() + ": " +
                       error.message());
  }
  committed_ = true;
  sync_folder(folder_of(final_path_));
}

TextWriter::TextWriter(const std::filesystem::path& path)
    : target_(path), file_(Descriptor::create(target_.temporary_path())) {}

void TextWriter::append(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  file_.write_at(bytes_, bytes);
  sum_.update(bytes);
  bytes_ += bytes.size();
  core::note_progress();
}

void TextWriter::commit() {
  file_.close();
  target_.commit([this] {
    if (sum_of_file(target_.temporary_path()) != sum_.value()) {
      throw StorageError(target_.temporary_path().string() + ": reads back as another text than was written");
    }
  });
}

void write_text_file(const std::filesystem::path& path, const std::string& text) {
  AtomicFile target(path);
  Descriptor file = Descriptor::create(target.temporary_path());
  file.write_at(0, std::as_bytes(std::span(text)));
  file.close();
  target.commit([&] { compare(target.temporary_path(), text); });
}

void copy_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  const Descriptor file = Descriptor::open_to_read(from);
  std::string text(file.size(), '\0');
  file.read_at(0, std::as_writable_bytes(std::span(text)));
  write_text_file(to, text);
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
  target.commit([] {});  // it was read back under its first name
  return true;
}

void remove_abandoned(const std::filesystem::path& folder, const std::string& prefix) {
  std::error_code error;
  std::vector<std::filesystem::path> abandoned;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (is_temporary(entry->path().filename().string(), prefix)) {
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

#pragma once
/// HDF5 calls that are checked, and identifiers that are owned. Private to storage.

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "cauchy/storage/file.hpp"

namespace cauchy::storage {

/// What an operation works on, for its messages.
struct Subject {
  const std::filesystem::path& file;
  std::string object;  ///< such as "/features", or "attribute steps of /stopping"
};

/// HDF5's innermost reason for its last failure; of a failed system call only its error in words.
std::string innermost_reason();

/// Throws a StorageError about the subject: "<file>: <object> <what>".
[[noreturn]] void refuse(const Subject& subject, const std::string& what);

/// The result of an HDF5 call, or an error with HDF5's reason. `action`: as in "cannot <action> /features".
template <typename Result>
Result checked(Result result, const char* action, const Subject& subject) {
  if (result < 0) {
    const std::string reason = innermost_reason();
    throw StorageError(subject.file.string() + ": cannot " + action + " " + subject.object + ": " + reason);
  }
  return result;
}

/// Owns one HDF5 identifier.
class Handle {
 public:
  using CloseFunction = herr_t (*)(hid_t);

  Handle(hid_t id, CloseFunction close_function, const char* action, const Subject& subject)
      : id_(checked(id, action, subject)), close_function_(close_function) {}
  ~Handle() {
    if (id_ >= 0) {
      close_function_(id_);
    }
  }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_function_(other.close_function_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_function_, other.close_function_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  hid_t id() const { return id_; }

  /// For writers: what HDF5 still buffers may fail to reach the file here.
  void close(const Subject& subject) { checked(close_function_(std::exchange(id_, -1)), "write", subject); }

 private:
  hid_t id_;
  CloseFunction close_function_;
};

/// Call this before the first HDF5 call on any thread.
void prepare_library();

/// The identifier of an open file; throws if it is closed.
hid_t opened(std::int64_t id, const Subject& subject);

Handle property_list(hid_t kind, const Subject& subject);

/// Creation properties without time stamps.
Handle timeless(hid_t kind, const Subject& subject);

}  // namespace cauchy::storage

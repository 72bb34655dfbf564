// HDF5 calls that are checked.

#include "hdf5_call.hpp"

#ifndef H5_HAVE_THREADSAFE
#error "HDF5 has to be built with --enable-threadsafe, as Debian's serial flavour is: a thread writes checkpoints"
#endif

namespace cauchy::storage {
namespace {

herr_t take_first_message(unsigned position, const H5E_error2_t* error, void* text) noexcept {
  if (position == 0 && error->desc != nullptr) {
    *static_cast<std::string*>(text) = error->desc;
  }
  return 0;
}

}  // namespace

std::string innermost_reason() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first_message, &text);
  H5Eclear2(H5E_DEFAULT);  // or a thread that ends leaks it
  const std::string mark = "error message = '";
  if (const std::size_t start = text.find(mark); start != std::string::npos) {
    const std::size_t first = start + mark.size();
    return text.substr(first, text.find('\'', first) - first);
  }
  return text.empty() ? "HDF5 gives no reason" : text;
}

[[noreturn]] void refuse(const Subject& subject, const std::string& what) {
  throw StorageError(subject.file.string() + ": " + subject.object + " " + what);
}

// Before the first call on any thread. Every open file is closed explicitly, so HDF5 need not clean up when the
// program ends; there it crashes (1.10.8) on files that it could not write because the disk was full. And it prints
// errors by default, with a switch for every thread.
void prepare_library() {
  [[maybe_unused]] static const herr_t without_exit_handler = H5dont_atexit();
  thread_local const bool silent = H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr) >= 0;
  if (!silent) {
    throw StorageError("HDF5 cannot be initialised");
  }
}

hid_t opened(std::int64_t id, const Subject& subject) {
  prepare_library();
  if (id < 0) {
    throw StorageError(subject.file.string() + ": cannot reach " + subject.object + ": the file is closed");
  }
  return id;
}

Handle property_list(hid_t kind, const Subject& subject) {
  return {H5Pcreate(kind), H5Pclose, "prepare", subject};
}

Handle timeless(hid_t kind, const Subject& subject) {
  Handle list = property_list(kind, subject);
  checked(H5Pset_obj_track_times(list.id(), false), "prepare", subject);
  return list;
}

}  // namespace cauchy::storage

// A library to preload before the C library: a file system that breaks. One call of a process fails, is slow, or is its
// last:
//
//   CAUCHY_BROKEN_CALL     open, pread, pwrite, fsync, ftruncate, close, rename, link or remove
//   CAUCHY_BROKEN_PATH     only calls on paths that contain this text count (a rename: either of its paths)
//   CAUCHY_BROKEN_NUMBER   the how many-th of these calls, from 1 on; "3+": the third and all after it
//   CAUCHY_BROKEN_ACTION   EIO, ENOSPC, EDQUOT or EACCES: the call fails with this error and does nothing
//                          short: a read or write moves half of its bytes
//                          delay: the call takes a tenth of a second longer
//                          kill before, kill after: the process ends there, as by kill -9

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

struct Rule {
  std::string call = variable("CAUCHY_BROKEN_CALL");
  std::string path = variable("CAUCHY_BROKEN_PATH");
  std::string number = variable("CAUCHY_BROKEN_NUMBER");
  std::string action = variable("CAUCHY_BROKEN_ACTION");

  bool strikes(int count) const {
    const int first = std::atoi(number.c_str());
    return count == first || (count > first && number.ends_with("+"));
  }

  /// The error that a call ends with; 0: it does its work.
  int error() const {
    return action == "EIO"      ? EIO
           : action == "ENOSPC" ? ENOSPC
           : action == "EDQUOT" ? EDQUOT
           : action == "EACCES" ? EACCES
                                : 0;
  }
};

const Rule& rule() {
  static const Rule one;
  return one;
}

std::string path_of(int descriptor) {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), path.data(), path.size());
  return {path.data(), static_cast<std::size_t>(std::max<ssize_t>(0, length))};
}

bool is_struck(const char* call, const std::string& path) {
  static std::atomic<int> count = 0;
  return rule().call == call && path.find(rule().path) != std::string::npos && rule().strikes(++count);
}

void die_if(const char* action) {
  if (rule().action == action) {
    ::kill(::getpid(), SIGKILL);
  }
}

/// Does the work of a call, unless it is struck. `work(is_short)`.
template <typename Work>
auto broken(const char* call, const std::string& path, Work work) {
  if (!is_struck(call, path)) {
    return work(false);
  }
  die_if("kill before");
  if (rule().action == "delay") {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  if (rule().error() != 0) {
    errno = rule().error();
    return decltype(work(false))(-1);
  }
  const auto result = work(rule().action == "short");
  die_if("kill after");
  return result;
}

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::size_t moved(std::size_t bytes, bool is_short) {
  return is_short ? std::max<std::size_t>(1, bytes / 2) : bytes;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  static auto* const real = next<int(const char*, int, ...)>("open");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return broken("open", path, [&](bool) { return real(path, flags, mode); });
}

ssize_t pread(int file, void* bytes, size_t count, off_t offset) {
  static auto* const real = next<ssize_t(int, void*, size_t, off_t)>("pread");
  return broken("pread", path_of(file),
                [&](bool is_short) { return real(file, bytes, moved(count, is_short), offset); });
}

ssize_t pwrite(int file, const void* bytes, size_t count, off_t offset) {
  static auto* const real = next<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return broken("pwrite", path_of(file),
                [&](bool is_short) { return real(file, bytes, moved(count, is_short), offset); });
}

int fsync(int file) {
  static auto* const real = next<int(int)>("fsync");
  return broken("fsync", path_of(file), [&](bool) { return real(file); });
}

int ftruncate(int file, off_t length) noexcept {
  static auto* const real = next<int(int, off_t)>("ftruncate");
  return broken("ftruncate", path_of(file), [&](bool) { return real(file, length); });
}

int close(int file) {
  static auto* const real = next<int(int)>("close");
  const std::string path = rule().call == "close" ? path_of(file) : "";  // it is called by the thousand
  return broken("close", path, [&](bool) { return real(file); });
}

int rename(const char* from, const char* to) noexcept {
  static auto* const real = next<int(const char*, const char*)>("rename");
  return broken("rename", std::string(from) + " " + to, [&](bool) { return real(from, to); });
}

int link(const char* from, const char* to) noexcept {
  static auto* const real = next<int(const char*, const char*)>("link");
  return broken("link", std::string(from) + " " + to, [&](bool) { return real(from, to); });
}

// What std::filesystem::remove() calls.
int remove(const char* path) noexcept {
  static auto* const real = next<int(const char*)>("remove");
  return broken("remove", path, [&](bool) { return real(path); });
}
}

// Plain and gzipped files through one interface.

#include "byte_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::data {
namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 24;
constexpr std::size_t packed_bytes = std::size_t{1} << 17;
constexpr int gzip_only = 15 + 16;  // zlib's number for the largest window behind a header of gzip

std::string reason(int error) {
  return std::generic_category().message(error);
}

}  // namespace

struct ByteSource::Inflater {
  z_stream stream{};
  std::array<char, packed_bytes> packed{};
  bool member_is_open = true;

  Inflater() {
    if (inflateInit2(&stream, gzip_only) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

ByteSource::ByteSource(const std::string& path, std::string label) : label_(std::move(label)) {
  // Without O_NONBLOCK a named pipe would wait for a writer for ever.
  number_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (number_ < 0) {
    fail(errno == ENOENT ? "no such file" : reason(errno));
  }
  try {
    struct stat status {};
    if (::fstat(number_, &status) != 0) {
      fail(reason(errno));
    }
    if (!S_ISREG(status.st_mode)) {
      fail(S_ISDIR(status.st_mode) ? "is a folder" : "is not an ordinary file");
    }
    std::array<char, 2> magic{};
    if (read_file(magic) == magic.size() && magic == std::array{'\x1f', '\x8b'}) {
      inflater_ = std::make_unique<Inflater>();
    }
    file_position_ = 0;
  } catch (...) {
    ::close(number_);
    throw;
  }
}

ByteSource::~ByteSource() {
  ::close(number_);
}

void ByteSource::fail(const std::string& what) const {
  throw core::UserError(label_ + ": " + what);
}

FileStamp ByteSource::stamp() const {
  struct stat status {};
  if (::fstat(number_, &status) != 0) {
    fail(reason(errno));
  }
  return {static_cast<std::uint64_t>(status.st_size), status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

void ByteSource::skip_to(std::uint64_t position) {
  if (!is_gzipped()) {
    file_position_ = position_ = position;
    return;
  }
  std::vector<char> scratch(packed_bytes);
  while (position_ < position) {
    const std::size_t wanted = std::min<std::uint64_t>(scratch.size(), position - position_);
    if (read_some(std::span(scratch).first(wanted)) < wanted) {
      fail("has become shorter while it was read");
    }
  }
}

std::size_t ByteSource::read_some(std::span<char> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto rest = bytes.subspan(done, std::min(piece_bytes, bytes.size() - done));
    const std::size_t count = is_gzipped() ? inflate_some(rest) : read_file(rest);
    core::note_progress();
    if (count == 0) {
      break;
    }
    done += count;
    position_ += count;
  }
  return done;
}

std::size_t ByteSource::read_file(std::span<char> bytes) {
  for (;;) {
    const ssize_t count = ::pread(number_, bytes.data(), bytes.size(), static_cast<off_t>(file_position_));
    if (count >= 0) {
      file_position_ += static_cast<std::uint64_t>(count);
      return static_cast<std::size_t>(count);
    }
    if (errno != EINTR) {
      fail("cannot be read: " + reason(errno));
    }
  }
}

std::size_t ByteSource::inflate_some(std::span<char> bytes) {
  z_stream& stream = inflater_->stream;
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  while (stream.avail_out == bytes.size()) {
    if (stream.avail_in == 0) {
      const std::size_t count = read_file(inflater_->packed);
      stream.next_in = reinterpret_cast<Bytef*>(inflater_->packed.data());
      stream.avail_in = static_cast<uInt>(count);
      if (count == 0) {
        if (inflater_->member_is_open) {
          fail("is truncated: its gzip data end after " + std::to_string(position_) + " bytes, unpacked");
        }
        return 0;
      }
    }
    if (!inflater_->member_is_open) {  // another member follows
      inflateReset(&stream);
      inflater_->member_is_open = true;
    }
    const int code = inflate(&stream, Z_NO_FLUSH);
    if (code == Z_MEM_ERROR) {
      throw std::bad_alloc();
    }
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      fail("is damaged: its gzip data cannot be unpacked after " + std::to_string(position_) + " bytes, unpacked" +
           (stream.msg == nullptr ? "" : std::string(" (") + stream.msg + ")"));
    }
    inflater_->member_is_open = code != Z_STREAM_END;
  }
  return bytes.size() - stream.avail_out;
}

}  // namespace cauchy::data

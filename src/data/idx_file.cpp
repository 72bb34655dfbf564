// What stands in an IDX file.

#include "idx_file.hpp"

#include <array>
#include <string_view>

#include "cauchy/core/error.hpp"

namespace cauchy::data {
namespace {

constexpr std::string_view types = "\x08\x09\x0B\x0C\x0D\x0E";

[[noreturn]] void fail(const ByteSource& source, const std::string& what) {
  throw core::UserError(source.label() + ": " + what);
}

}  // namespace

void read_exactly(ByteSource& source, std::span<char> bytes, const char* what) {
  if (source.read_some(bytes) < bytes.size()) {
    fail(source,
         "ends at byte " + std::to_string(source.position()) + ", within the " + what + "; the file is truncated");
  }
}

void expect_end(ByteSource& source) {
  char byte = 0;
  if (source.read_some({&byte, 1}) > 0) {
    fail(source,
         "goes on after byte " + std::to_string(source.position() - 1) + ", where its header says that it ends");
  }
}

IdxHeader read_idx_header(ByteSource& source) {
  std::array<char, 4> magic{};
  read_exactly(source, magic, "header");
  if (magic[0] != 0 || magic[1] != 0) {
    fail(source, "is not an IDX file, which starts with two zero bytes");
  }
  if (types.find(magic[2]) == std::string_view::npos) {
    fail(source, "byte 2 is " + std::to_string(static_cast<unsigned char>(magic[2])) +
                     ", which is no IDX element type (8, 9, 11, 12, 13 or 14)");
  }
  IdxHeader header{static_cast<std::uint8_t>(magic[2]), {}, 1, 0};
  for (unsigned dimension = 0; dimension < static_cast<unsigned char>(magic[3]); ++dimension) {
    std::array<char, 4> extent{};
    read_exactly(source, extent, "header");
    header.shape.push_back(big_endian<std::uint32_t>(extent.data()));
    if (__builtin_mul_overflow(header.numbers, header.shape.back(), &header.numbers)) {
      fail(source, "the header claims more than 2^64 numbers");
    }
  }
  if (header.shape.empty() || header.numbers == 0) {
    fail(source, "holds no numbers");
  }
  header.bytes = source.position();
  return header;
}

}  // namespace cauchy::data

#pragma once
/// What stands in an IDX file: a big-endian header, then numbers.

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "byte_source.hpp"

namespace cauchy::data {

struct IdxHeader {
  std::uint8_t type = 0;             ///< of the numbers, as the file has it
  std::vector<std::uint64_t> shape;  ///< at least one extent, none of them 0
  std::uint64_t numbers = 0;         ///< in all
  std::uint64_t bytes = 0;           ///< of the header itself
};

/// Throws core::UserError, naming the byte at fault.
IdxHeader read_idx_header(ByteSource& source);

/// Fills the span, or throws core::UserError: the file ends within `what`.
void read_exactly(ByteSource& source, std::span<char> bytes, const char* what);

/// Throws core::UserError if the file goes on.
void expect_end(ByteSource& source);

/// Calls work.template operator()<Stored>() with the type of the numbers in the file.
template <typename Work>
auto with_idx_type(std::uint8_t type, Work work) {
  switch (type) {
    case 0x08:
      return work.template operator()<std::uint8_t>();
    case 0x09:
      return work.template operator()<std::int8_t>();
    case 0x0B:
      return work.template operator()<std::int16_t>();
    case 0x0C:
      return work.template operator()<std::int32_t>();
    case 0x0D:
      return work.template operator()<float>();
    default:
      return work.template operator()<double>();
  }
}

template <typename T>
T big_endian(const char* bytes) {
  using Word = std::conditional_t<sizeof(T) == 8, std::uint64_t,
                                  std::conditional_t<sizeof(T) == 4, std::uint32_t,
                                                     std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint8_t>>>;
  Word word = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    word = static_cast<Word>(static_cast<std::uint64_t>(word) << 8 | static_cast<unsigned char>(bytes[i]));
  }
  return std::bit_cast<T>(word);
}

}  // namespace cauchy::data

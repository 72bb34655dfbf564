// CRC-64/XZ, eight bytes at a time ("slicing by eight": Kounavis and Berry, IEEE ISCC 2005).

#include "cauchy/core/crc64.hpp"

#include <array>
#include <cstring>

namespace cauchy::core {
namespace {

constexpr std::uint64_t polynomial = 0xC96C5795D7870F42;  // ECMA-182, reflected
constexpr std::size_t slices = 8;
using Tables = std::array<std::array<std::uint64_t, 256>, slices>;

// tables[k][b]: the sum of byte b followed by k zero bytes.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) {
      sum = (sum & 1) != 0 ? sum >> 1 ^ polynomial : sum >> 1;
    }
    tables[0][byte] = sum;
  }
  for (std::size_t slice = 1; slice < slices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t sum = tables[slice - 1][byte];
      tables[slice][byte] = sum >> 8 ^ tables[0][sum & 0xFF];
    }
  }
  return tables;
}

constexpr Tables tables = make_tables();

}  // namespace

void Crc64::update(std::span<const std::byte> bytes) noexcept {
  std::uint64_t sum = state_;
  while (bytes.size() >= slices) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), slices);  // little-endian, as everything that Cauchy runs on
    word ^= sum;
    sum = 0;
    for (std::size_t slice = 0; slice < slices; ++slice) {
      sum ^= tables[slices - 1 - slice][word >> (8 * slice) & 0xFF];
    }
    bytes = bytes.subspan(slices);
  }
  for (const std::byte byte : bytes) {
    sum = sum >> 8 ^ tables[0][(sum ^ std::to_integer<std::uint64_t>(byte)) & 0xFF];
  }
  state_ = sum;
}

}  // namespace cauchy::core

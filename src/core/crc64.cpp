// CRC-64/XZ, eight bytes at a time ("slicing by eight": Kounavis and Berry, IEEE ISCC 2005).

#include "cauchy/core/crc64.hpp"

#include <array>
#include <cstring>

namespace cauchy::core {
namespace {

constexpr std::uint64_t polynomial = 0xC96C5795D7870F42;  // ECMA-182, reflected
constexpr std::size_t slices = 8;
using Tables = std::array<std::array<std::uint64_t, 256>, slices>;

// A sum is a polynomial over GF(2) modulo that of ECMA-182, reflected: the highest bit is the coefficient of 1, the
// lowest that of x^63.
constexpr std::uint64_t one = std::uint64_t{1} << 63;

constexpr std::uint64_t times_x(std::uint64_t factor) {
  return (factor & 1) != 0 ? factor >> 1 ^ polynomial : factor >> 1;
}

constexpr std::uint64_t product(std::uint64_t left, std::uint64_t right) {
  std::uint64_t result = 0;
  for (; left != 0; left <<= 1, right = times_x(right)) {
    result ^= (left & one) != 0 ? right : 0;
  }
  return result;
}

// x to the power of 8·bytes, by repeated squaring: a sum times this is that of the same bytes, this many places further
// from the end.
constexpr std::uint64_t shift(std::uint64_t bytes) {
  std::uint64_t result = one;
  for (std::uint64_t square = one >> 8; bytes != 0; bytes >>= 1, square = product(square, square)) {
    result = (bytes & 1) != 0 ? product(result, square) : result;
  }
  return result;
}

// tables[k][b]: the sum of byte b followed by k zero bytes.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) {
      sum = times_x(sum);
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

// Sums start from all ones and end with their complement, so that what the two cancel of each other is nothing but the
// shift: sum(A B) = sum(A)·x^(8·|B|) + sum(B).
void Crc64::append(std::uint64_t sum, std::uint64_t bytes) noexcept {
  state_ = ~(product(value(), shift(bytes)) ^ sum);
}

}  // namespace cauchy::core

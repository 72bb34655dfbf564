#pragma once
/// CRC-64/XZ (ECMA-182, reflected): the check sum of files.

#include <cstddef>
#include <cstdint>
#include <span>

namespace cauchy::core {

/// The sum of bytes that arrive in pieces.
class Crc64 {
 public:
  void update(std::span<const std::byte> bytes) noexcept;

  /// The same as update() with bytes whose sum is known, wherever it was computed.
  void append(std::uint64_t sum, std::uint64_t bytes) noexcept;

  std::uint64_t value() const noexcept { return ~state_; }

 private:
  std::uint64_t state_ = ~std::uint64_t{0};
};

}  // namespace cauchy::core

#pragma once
/// A fast 64-bit hash of memory, to see whether ranks that should hold the same bits do. No protection against malice.

#include <cstddef>
#include <cstdint>
#include <span>

namespace cauchy::core {

/// Eight interleaved chains h ← rotate((h xor w)·m) over 64-bit words w, mixed at the end; at memory speed. A step of a
/// chain is a bijection of h and of w: bytes that differ in one word never have one fingerprint. `start` chains spans.
std::uint64_t fingerprint(std::span<const std::byte> bytes, std::uint64_t start = 0) noexcept;

}  // namespace cauchy::core

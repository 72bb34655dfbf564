#pragma once
/// Amounts of memory: as users write them, and as machines have them.

#include <cstdint>
#include <optional>
#include <string_view>

namespace cauchy::core {

/// A limit for memory: bytes, or a share of what there is. Neither: no limit.
struct MemoryLimit {
  std::optional<std::uint64_t> bytes = {};
  std::optional<double> share = {};  ///< above 0, at most 1

  bool operator==(const MemoryLimit&) const = default;
};

/// "2GiB" or "1.5 GB" (B; kB, MB, GB, TB: powers of 1000; KiB, MiB, GiB, TiB: powers of 1024), "50%", "unlimited".
/// Nothing if it is none of these.
std::optional<MemoryLimit> parse_memory_limit(std::string_view text);

/// The memory of this machine, or what the control groups of this process leave of it: bytes that processes like this
/// one may use together.
std::uint64_t machine_memory_bytes();

}  // namespace cauchy::core

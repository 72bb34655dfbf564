// Amounts of memory.

#include "cauchy/core/memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

namespace cauchy::core {
namespace {

struct Unit {
  std::string_view name;
  double bytes;
};

constexpr std::array units = {Unit{"B", 1},        Unit{"kB", 1e3},     Unit{"MB", 1e6},
                              Unit{"GB", 1e9},     Unit{"TB", 1e12},    Unit{"KiB", 0x1p10},
                              Unit{"MiB", 0x1p20}, Unit{"GiB", 0x1p30}, Unit{"TiB", 0x1p40}};

/// The smallest limit that the groups from a folder up to the root have in a file of this name.
std::uint64_t smallest_limit(const std::filesystem::path& root, const std::string& group, const std::string& name) {
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  std::filesystem::path folder = std::filesystem::path(group).relative_path();
  for (;; folder = folder.parent_path()) {
    std::ifstream file(root / folder / name);
    std::uint64_t bytes = 0;
    if (file >> bytes) {  // "max" where there is none
      limit = std::min(limit, bytes);
    }
    if (folder.empty()) {
      return limit;
    }
  }
}

}  // namespace

std::optional<MemoryLimit> parse_memory_limit(std::string_view text) {
  if (text == "unlimited") {
    return MemoryLimit{};
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || !(number > 0)) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (text == "%") {
    return number <= 100 ? std::optional(MemoryLimit{.share = number / 100}) : std::nullopt;
  }
  const auto unit = std::ranges::find(units, text, &Unit::name);
  if (unit == units.end() || number * unit->bytes < 1 || number * unit->bytes > 0x1p62) {
    return std::nullopt;
  }
  return MemoryLimit{.bytes = static_cast<std::uint64_t>(number * unit->bytes)};
}

std::uint64_t machine_memory_bytes() {
  std::uint64_t bytes =
      static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::ifstream groups("/proc/self/cgroup");  // lines "number:controllers:path"
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = std::min(line.find(':'), line.size() - 1);
    const std::size_t second = std::min(line.find(':', first + 1), line.size() - 1);
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      bytes = std::min(bytes, smallest_limit("/sys/fs/cgroup", path, "memory.max"));
    } else if (controllers == "memory") {
      bytes = std::min(bytes, smallest_limit("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes"));
    }
  }
  return bytes;
}

}  // namespace cauchy::core

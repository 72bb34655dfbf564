// A fast hash of memory.

#include "cauchy/core/fingerprint.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace cauchy::core {
namespace {

constexpr std::size_t chains = 8;
constexpr std::uint64_t multiplier = 0x9E3779B97F4A7C15;  // 2^64 over the golden ratio: odd, so invertible

/// The product carries upwards only; the rotation brings the upper bits down again. The product is held in a register
/// of its own: as vectors, which have no product of 64 bits, it would take almost three times as long.
std::uint64_t step(std::uint64_t hash, std::uint64_t word) {
  std::uint64_t product = (hash ^ word) * multiplier;
  asm("" : "+r"(product));
  return std::rotl(product, 31);
}

/// Lets every bit reach every other one.
std::uint64_t mix(std::uint64_t hash) {
  hash = step(hash, hash >> 32);
  return step(hash, hash >> 29);
}

}  // namespace

std::uint64_t fingerprint(std::span<const std::byte> bytes, std::uint64_t start) noexcept {
  std::array<std::uint64_t, chains> hash{};
  for (std::size_t chain = 0; chain < chains; ++chain) {
    hash[chain] = start + chain;
  }
  constexpr std::size_t group = chains * sizeof(std::uint64_t);
  std::size_t place = 0;
  std::array<std::uint64_t, chains> words{};
  const auto take = [&] {
    for (std::size_t chain = 0; chain < chains; ++chain) {
      hash[chain] = step(hash[chain], words[chain]);
    }
  };
  for (; place + group <= bytes.size(); place += group) {
    std::memcpy(words.data(), bytes.data() + place, group);
    take();
  }
  words.fill(0);
  if (place < bytes.size()) {
    std::memcpy(words.data(), bytes.data() + place, bytes.size() - place);
    take();
  }
  std::uint64_t result = mix(bytes.size());
  for (const std::uint64_t chain : hash) {
    result = mix(step(result, mix(chain)));
  }
  return result;
}

}  // namespace cauchy::core

// Philox4x32-10 and the streams drawn from it.

#include "cauchy/core/random.hpp"

#include <algorithm>
#include <cstddef>

namespace cauchy::core {
namespace {

constexpr std::uint32_t multiplier_0 = 0xD2511F53;
constexpr std::uint32_t multiplier_1 = 0xCD9E8D57;
constexpr std::uint32_t weyl_0 = 0x9E3779B9;
constexpr std::uint32_t weyl_1 = 0xBB67AE85;
constexpr int rounds = 10;

constexpr std::uint32_t high(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}
constexpr std::uint32_t low(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}

}  // namespace

PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) noexcept {
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t product_0 = std::uint64_t{multiplier_0} * counter[0];
    const std::uint64_t product_1 = std::uint64_t{multiplier_1} * counter[2];
    counter = {high(product_1) ^ counter[1] ^ key[0], low(product_1), high(product_0) ^ counter[3] ^ key[1],
               low(product_0)};
    key = {key[0] + weyl_0, key[1] + weyl_1};
  }
  return counter;
}

void fill_random(std::span<std::uint32_t> words, PhiloxKey key, std::uint32_t first_block,
                 std::uint64_t counter) noexcept {
  constexpr std::size_t width = 16;  // blocks side by side, in vector instructions
  std::array<std::array<std::uint32_t, width>, 4> lanes;
  for (std::size_t first = 0; first < words.size(); first += 4 * width) {
    for (std::size_t lane = 0; lane < width; ++lane) {
      lanes[0][lane] = first_block + static_cast<std::uint32_t>(first / 4 + lane);
      lanes[1][lane] = 0;
      lanes[2][lane] = low(counter);
      lanes[3][lane] = high(counter);
    }
    PhiloxKey round_key = key;
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t lane = 0; lane < width; ++lane) {
        const std::uint64_t product_0 = std::uint64_t{multiplier_0} * lanes[0][lane];
        const std::uint64_t product_1 = std::uint64_t{multiplier_1} * lanes[2][lane];
        lanes[0][lane] = high(product_1) ^ lanes[1][lane] ^ round_key[0];
        lanes[1][lane] = low(product_1);
        lanes[2][lane] = high(product_0) ^ lanes[3][lane] ^ round_key[1];
        lanes[3][lane] = low(product_0);
      }
      round_key = {round_key[0] + weyl_0, round_key[1] + weyl_1};
    }
    for (std::size_t word = 0; word < 4; ++word) {
      std::ranges::copy(lanes[word], words.data() + first + word * width);
    }
  }
}

RandomStream::RandomStream(std::uint64_t seed, Purpose purpose, std::uint32_t first, std::uint32_t second) noexcept
    : key_{low(seed), high(seed)}, counter_{0, static_cast<std::uint32_t>(purpose), first, second} {}

std::uint32_t RandomStream::next32() noexcept {
  if (used_ == block_.size()) {
    block_ = philox4x32(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[used_++];
}

std::uint64_t RandomStream::next64() noexcept {
  const std::uint64_t upper = next32();
  return upper << 32 | next32();
}

double RandomStream::uniform() noexcept {
  return static_cast<double>(next64() >> 11) * 0x1.0p-53;
}

std::uint64_t RandomStream::below(std::uint64_t bound) noexcept {
  __extension__ using Wide = unsigned __int128;
  Wide product = Wide{next64()} * bound;
  auto fraction = static_cast<std::uint64_t>(product);
  if (fraction < bound) {
    const std::uint64_t threshold = (0 - bound) % bound;
    while (fraction < threshold) {
      product = Wide{next64()} * bound;
      fraction = static_cast<std::uint64_t>(product);
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

}  // namespace cauchy::core

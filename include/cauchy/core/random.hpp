#pragma once
/// Counter-based random numbers: a draw is a function of what it is for, never of the rank, the thread or the past.
///
/// Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
/// doi:10.1145/2063384.2063405.

#include <array>
#include <cstdint>
#include <span>

namespace cauchy::core {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/// The bijection itself: ten rounds on a 128-bit counter under a 64-bit key.
PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) noexcept;

/// Words of the blocks philox4x32({first_block + i, 0, low, high}, key) with the halves of `counter`, many at a time:
/// of each 16 blocks first the first words of all, then the second ones, and so on. As many words as whole 16
/// blocks, 64.
void fill_random(std::span<std::uint32_t> words, PhiloxKey key, std::uint32_t first_block,
                 std::uint64_t counter) noexcept;

/// What random numbers are for. Streams of different purposes are independent; the numbers are part of the file format.
enum class Purpose : std::uint32_t {
  initialization = 1,  ///< (tensor, 0)
  shuffle = 2,         ///< (shard, epoch)
  dropout = 3,         ///< (hidden layer, epoch), for the key of fill_random
  split = 4,           ///< (chunk of rows, its upper half)
  gradient_check = 5,  ///< (first element of a part of Θ, number of the direction; 0: coordinates)
  landscape = 6,       ///< (tensor, number of the direction)
  curvature = 7,       ///< (0, 0)
};

/// The stream of draws that belongs to (seed, purpose, first, second).
///
///     RandomStream stream(seed, Purpose::shuffle, shard, epoch);
///     std::uint64_t row = stream.below(rows);
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, Purpose purpose, std::uint32_t first, std::uint32_t second) noexcept;

  std::uint32_t next32() noexcept;
  std::uint64_t next64() noexcept;

  /// Uniform in [0, 1), on the grid of 2^-53.
  double uniform() noexcept;

  /// Uniform in {0, ..., bound - 1}, without bias; bound ≥ 1. Lemire, "Fast random integer generation in an interval",
  /// ACM TOMACS 29 (2019), doi:10.1145/3230636.
  std::uint64_t below(std::uint64_t bound) noexcept;

 private:
  PhiloxKey key_;
  PhiloxCounter counter_;
  PhiloxCounter block_{};
  unsigned used_ = 4;
};

}  // namespace cauchy::core

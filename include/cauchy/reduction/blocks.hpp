#pragma once
/// The blocks of a flat vector, each of which has a unit of its own.

#include <cstddef>
#include <span>
#include <vector>

namespace cauchy::reduction {

/// Elements [offset, offset + size) of a flat vector.
struct Extent {
  std::size_t offset = 0;
  std::size_t size = 0;

  bool operator==(const Extent&) const = default;
};

/// Cuts tensors into blocks of 4096 elements; the last block of a tensor is the rest, and no block spans two tensors.
///
///     tensors {0, 10000}, {10000, 10}:   blocks {0, 4096} {4096, 4096} {8192, 1808}   {10000, 10}
class Blocks {
 public:
  static constexpr std::size_t block_elements = 4096;

  /// `tensors` in the order of the vector.
  explicit Blocks(std::span<const Extent> tensors);

  std::size_t count() const { return blocks_.size(); }
  const Extent& operator[](std::size_t block) const { return blocks_[block]; }

  std::size_t tensors() const { return first_.size() - 1; }
  /// The blocks of a tensor are [first_of(tensor), first_of(tensor + 1)).
  std::size_t first_of(std::size_t tensor) const { return first_[tensor]; }

 private:
  std::vector<Extent> blocks_;
  std::vector<std::size_t> first_;
};

}  // namespace cauchy::reduction

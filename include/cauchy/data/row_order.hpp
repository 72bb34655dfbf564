#pragma once
/// The rows of a shard in the order of an epoch.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cauchy/core/random.hpp"
#include "cauchy/data/sampler.hpp"
#include "cauchy/data/shards.hpp"

namespace cauchy::data {

/// The permutation of one shard, made block by block as it is used. Memory: 4 bytes for each row of a block and for
/// each block, and a little for each 4096 rows of the shard. Example, 7 rows in blocks of 3:
///
///     blocks()            1        2    0
///     rows({0, 7})        5 3 4    6    0 2 1
class RowOrder {
 public:
  /// The sampler must outlive it. Call start() first.
  RowOrder(const Sampler& sampler, std::uint64_t shard);

  void start(std::uint64_t epoch);

  /// The blocks in the order of the epoch: block b is rows [b·block_rows, (b+1)·block_rows) of the shard.
  std::span<const std::uint32_t> blocks() const { return blocks_; }

  /// The first of the blocks in the order of another epoch.
  std::uint32_t first_block(std::uint64_t epoch) const;

  /// The rows at these positions of the permutation, counted from the start of the shard. They stay until the next
  /// call. Going on costs least; going back makes at most 4096 rows and a block anew.
  std::span<const std::uint32_t> rows(Range positions);

 private:
  std::size_t place_of(std::uint64_t position) const;
  Range positions_of(std::size_t place) const;
  std::uint64_t block_size(std::uint32_t block) const;
  void go_to(std::size_t place);
  void shuffle_next();

  const Sampler& sampler_;
  std::uint64_t shard_;
  std::uint64_t row_count_;
  std::uint64_t block_rows_;
  core::RandomStream random_;
  std::vector<std::uint32_t> blocks_;
  std::size_t short_place_ = 0;             ///< of the last block, which alone may have fewer rows
  std::size_t next_ = 0;                    ///< place of the block that random_ is ready for
  std::size_t stride_;                      ///< places between states_
  std::vector<core::RandomStream> states_;  ///< random_ before the blocks at places 0, stride_, 2·stride_, ...
  std::vector<std::uint32_t> block_;        ///< the rows of the block before next_
  std::vector<std::uint32_t> selected_;
};

}  // namespace cauchy::data

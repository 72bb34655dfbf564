// Which part of Θ each rank updates.

#include "cauchy/training/shares.hpp"

#include "layout_blocks.hpp"

namespace cauchy::training {

Shares::Shares(const model::ParameterLayout& layout, int ranks) {
  const reduction::Blocks blocks = blocks_of(layout);
  const auto count = static_cast<std::size_t>(ranks);
  std::size_t block = 0;
  for (std::size_t rank = 0; rank <= count; ++rank) {
    while (block < blocks.count() &&
           blocks[block].offset + blocks[block].size / 2 < layout.padded_size() * rank / count) {
      ++block;
    }
    first_block_.push_back(block);
    bounds_.push_back(block < blocks.count() ? blocks[block].offset : layout.padded_size());
  }
}

optimize::Share Shares::elements(int rank) const {
  const auto r = static_cast<std::size_t>(rank);
  return divided() ? optimize::Share{bounds_[r], bounds_[r + 1]} : optimize::Share{};
}

data::Range Shares::blocks(int rank, std::size_t count) const {
  const auto r = static_cast<std::size_t>(rank);
  return divided() ? data::Range{first_block_[r], first_block_[r + 1]} : data::Range{0, count};
}

}  // namespace cauchy::training

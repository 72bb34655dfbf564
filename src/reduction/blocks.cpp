// The blocks of a flat vector.

#include "cauchy/reduction/blocks.hpp"

#include <algorithm>

namespace cauchy::reduction {

Blocks::Blocks(std::span<const Extent> tensors) {
  for (const Extent& tensor : tensors) {
    first_.push_back(blocks_.size());
    for (std::size_t start = 0; start < tensor.size; start += block_elements) {
      blocks_.push_back({tensor.offset + start, std::min(block_elements, tensor.size - start)});
    }
  }
  first_.push_back(blocks_.size());
}

}  // namespace cauchy::reduction

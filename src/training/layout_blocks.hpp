#pragma once
/// The blocks of a layout.

#include <vector>

#include "cauchy/model/layout.hpp"
#include "cauchy/reduction/blocks.hpp"

namespace cauchy::training {

inline reduction::Blocks blocks_of(const model::ParameterLayout& layout) {
  std::vector<reduction::Extent> tensors;
  for (const model::Tensor& tensor : layout.tensors()) {
    tensors.push_back({tensor.offset, tensor.size});
  }
  return reduction::Blocks(tensors);
}

}  // namespace cauchy::training

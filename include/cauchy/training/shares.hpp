#pragma once
/// Which part of Θ each rank updates.

#include <cstddef>
#include <span>
#include <vector>

#include "cauchy/data/shards.hpp"
#include "cauchy/model/layout.hpp"
#include "cauchy/optimize/method.hpp"

namespace cauchy::training {

/// Where every rank keeps and updates 1/P of the optimizer's state (S. Rajbhandari et al., "ZeRO: memory optimizations
/// toward training trillion parameter models", SC 2020, arXiv:1910.02054, stage 1): ranges of whole blocks of the sum,
/// as even as these let them be, in the order of ranks. Where there are more ranks than blocks, some have none.
///
///     blocks of 4096, 4096 and 10 elements, padded to 8208:   2 ranks: [0, 4096), [4096, 8208)
class Shares {
 public:
  /// Every rank updates all of Θ.
  Shares() = default;
  Shares(const model::ParameterLayout& layout, int ranks);

  /// Whether a rank may have to update less than all.
  bool divided() const { return bounds_.size() > 2; }

  /// The elements of a rank, with the padding behind them.
  optimize::Share elements(int rank) const;

  /// The blocks of a rank, of so many.
  data::Range blocks(int rank, std::size_t count) const;

  /// Where divided: the elements of rank r are [bounds()[r], bounds()[r + 1]).
  std::span<const std::size_t> bounds() const { return bounds_; }

 private:
  std::vector<std::size_t> first_block_;  ///< by rank, and the number of blocks
  std::vector<std::size_t> bounds_;
};

}  // namespace cauchy::training

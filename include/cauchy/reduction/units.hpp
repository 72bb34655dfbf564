#pragma once
/// The units of the blocks, and how they follow the gradient from step to step.

#include <cstdint>
#include <span>
#include <vector>

#include "cauchy/reduction/blocks.hpp"
#include "cauchy/reduction/grid.hpp"

namespace cauchy::reduction {

/// The unit of block k is 2^exponents[k]. Part of the state of training: what resumes goes on with the same units.
struct Units {
  std::vector<std::int32_t> exponents;
  std::vector<std::int32_t> ages;  ///< steps in a row whose maximum would have allowed a smaller unit

  bool operator==(const Units&) const = default;
};

/// How units follow the largest magnitudes of a step, one a block, over all shards of all ranks: since these do not
/// depend on who computed which shard, neither do the units.
///
/// A unit rises at once, by one bit more than asked where a block did not fit, since what surprised once does so again;
/// it falls by one bit after 32 steps in a row that allow it, so that a gradient that comes and goes finds its unit
/// still there. Sums of 64 bits have bits to spare, but not without end: where a unit has become so coarse that less
/// than a float's digits are left of what a block holds, as after one evaluation far out, the step is repeated with the
/// unit that suits it. A zero block keeps its unit; one that never had a unit takes the largest of its tensor. Before
/// the first step no unit fits anything, which makes that step one that is repeated.
template <typename Real, typename Integer>
class UnitRule {
 public:
  static constexpr std::int32_t steps_to_fall = 32;
  static constexpr std::int32_t most_slack = 24;  ///< bits, of sums of 64

  /// `blocks` must outlive the rule.
  UnitRule(const Blocks& blocks, const Grid<Real, Integer>& grid) : blocks_(blocks), grid_(grid) {}

  /// Units before the first step.
  Units start() const;

  /// Whether every block fits its unit, and no unit is too coarse for its block.
  bool fit(const Units& units, std::span<const Pattern<Real>> largest) const;

  /// Units for a step whose maxima are these finite ones: with them the step fits. Those that are too coarse fall.
  void raise(Units& units, std::span<const Pattern<Real>> largest) const;

  /// Units after a step that fitted: raised where little headroom is left, lowered where much has been for long.
  void follow(Units& units, std::span<const Pattern<Real>> largest) const;

 private:
  bool is_coarse(std::int32_t exponent, Pattern<Real> largest) const;

  const Blocks& blocks_;
  Grid<Real, Integer> grid_;
};

}  // namespace cauchy::reduction

#pragma once
/// How wide the integers of a sum are: a function of the problem, never of the machine.

#include <cstdint>

namespace cauchy::reduction {

/// int16: for speed on slow networks, with error feedback; only where the user asks for it.
enum class Width { int16, int32, int64 };

/// What decides the width.
struct SumProblem {
  bool double_precision = false;
  bool full_batch = false;
  std::uint64_t parameters = 0;
  std::uint64_t summands = 1;  ///< V·A: shards times accumulated steps
};

/// int64 for double precision, for full batches (their gradients must vanish at the optimum), for models of at most
/// 2^20 parameters, which cost little, and for more than 256 summands, which leave few bits of 32; else int32.
constexpr Width natural_width(const SumProblem& problem) {
  const bool wide = problem.double_precision || problem.full_batch || problem.parameters <= (std::uint64_t{1} << 20) ||
                    problem.summands > 256;
  return wide ? Width::int64 : Width::int32;
}

}  // namespace cauchy::reduction

#pragma once
/// How gradients are summed: what run.reduction and the problem decide together.

#include <cstdint>
#include <string>

#include "cauchy/cli/settings.hpp"
#include "cauchy/reduction/width.hpp"

namespace cauchy::cli {

struct Summation {
  bool exact = true;
  reduction::Width width = reduction::Width::int64;  ///< of the integers, where exact
};

/// A function of the problem: the same for every number of ranks and threads. `rows`: of the training data.
Summation choose_summation(const Settings& settings, std::uint64_t parameters, std::uint64_t rows);

/// Bytes of a rank's sums for each parameter.
std::uint64_t summation_bytes(const Summation& summation, const Settings& settings);

/// For the start of the log, such as "exact, in integers of 64 bits".
std::string summation_text(const Summation& summation);

}  // namespace cauchy::cli

#pragma once
/// How gradients are summed: what run.reduction and the problem decide together.

#include <cstdint>
#include <string>

#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/channel.hpp"
#include "cauchy/reduction/width.hpp"

namespace cauchy::cli {

struct Summation {
  bool exact = true;
  reduction::Width width = reduction::Width::int64;  ///< of the integers, where exact
  communication::Channel::Overlap overlap = communication::Channel::Overlap::off;
};

/// A function of the problem: the same for every number of ranks and threads, and without overlap. `rows`: of the
/// training data.
Summation choose_summation(const Settings& settings, std::uint64_t parameters, std::uint64_t rows);

/// Collective. What run.overlap says; auto: on where ranks run on several hosts and Θ, of so many elements, fills more
/// than one bucket. It decides nothing about the result. Throws an agreed core::UserError if the user wants what cannot
/// be.
communication::Channel::Overlap choose_overlap(const communication::Communicator& ranks, const Settings& settings,
                                               const Summation& summation, std::uint64_t elements);

/// Bytes of a rank's sums for each parameter.
std::uint64_t summation_bytes(const Summation& summation, const Settings& settings);

/// For the start of the log, such as "exact, in integers of 64 bits".
std::string summation_text(const Summation& summation);

}  // namespace cauchy::cli

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
  bool shares_memory = false;  ///< integers are added up in memory that the ranks share, if the system lets them
};

/// Refuses run.reduction = exact16 where it cannot be: in double precision, and of more than 256 shards; and
/// run.overlap = true with run.reduction = float. The error is agreed: every rank has the same settings.
void check_summation(const Settings& settings);

/// Whether what rounding left of a shard's gradient is added to its next one.
bool has_feedback(const Summation& summation);

/// A function of the problem: the same for every number of ranks and threads. `rows`: of the training data. How ranks
/// exchange what they sum is left open.
Summation choose_summation(const Settings& settings, std::uint64_t parameters, std::uint64_t rows);

/// Collective. How ranks exchange their sums of so many elements, which decides nothing about the result: run.overlap
/// as the user says, or where ranks run on several hosts and the sum fills more than one bucket; in shared memory on
/// one host. Throws an agreed core::UserError if the user wants what cannot be.
void choose_exchange(const communication::Communicator& ranks, const Settings& settings, std::uint64_t elements,
                     Summation& summation);

/// Bytes of a rank's sums for each parameter.
std::uint64_t summation_bytes(const Summation& summation, const Settings& settings);

/// For the start of the log, such as "exact, in integers of 64 bits".
std::string summation_text(const Summation& summation);

}  // namespace cauchy::cli

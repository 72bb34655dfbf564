#pragma once
/// How far sparse features spread.

#include <cstdint>
#include <vector>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/reader.hpp"

namespace cauchy::data {

/// Collective. The standard deviation of each column over all rows, zeros included, of which only the stored elements
/// are visited: three times, for the largest deviation from the first row, for the mean, and for the deviations from
/// it. Sums are of integers, which have no order: every term is rounded to 2^-(62 - b) of the column's largest
/// deviation, 2^b > rows. Exactly 0 for a constant column; infinite where squares might overflow. The result does not
/// depend on the number of ranks. Working memory: 5 × inputs numbers of 64 bits; traffic: 4 × inputs.
std::vector<double> sparse_deviations(const communication::Communicator& ranks, const Reader& reader,
                                      std::uint64_t shards);

}  // namespace cauchy::data

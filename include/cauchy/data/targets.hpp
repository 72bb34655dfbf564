#pragma once
/// Targets of a whole data set.

#include <cstdint>
#include <functional>
#include <span>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/reader.hpp"
#include "cauchy/model/target_summary.hpp"

namespace cauchy::data {

/// Multiplies the weight of each sample by that of its class, the target of its first column. What is no such class
/// keeps its weight. Nothing happens where class_weights is empty.
template <typename Real>
void weigh_classes(std::span<const double> class_weights, Samples<Real>& samples);

/// Calls what it is given with all of a rank's samples, in order, at once or in parts; each time it is called.
template <typename Real>
using SamplesInParts = std::function<void(const std::function<void(const Samples<Real>&)>& visit)>;

/// Collective. Of all rows of a data set in shards, of which this rank has `samples`, which are gone through twice.
/// Each shard is summed on its own and the shards in order: the result does not depend on the number of ranks. Memory
/// and traffic: shards × (target columns + 2) doubles. A fault in reading is thrown on every rank.
template <typename Real>
model::TargetSummary summarize_targets(const communication::Communicator& ranks, const SourceShape& shape,
                                       std::uint64_t shards, const SamplesInParts<Real>& samples);

}  // namespace cauchy::data

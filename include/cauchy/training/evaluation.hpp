#pragma once
/// The NLL and the metric of Θ over a whole data set.

#include <cstdint>
#include <span>

#include "cauchy/communication/channel.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/model/network.hpp"
#include "cauchy/training/observer.hpp"
#include "cauchy/training/workers.hpp"

namespace cauchy::training {

/// Collective. Exact sums over all samples, each shard on its own and the shards in order: the same bits for any number
/// of ranks and threads. `microbatch` samples pass at once; workers need room for them, or for the largest shard.
template <typename Real>
Evaluation evaluate(communication::Channel& channel, const model::Network<Real>& network, std::span<const Real> theta,
                    const data::Dataset<Real>& dataset, std::uint64_t microbatch, Workers<Real>& workers);

/// Collective. Throws core::UserError on every rank, with file and row, if a target is none of the likelihood's.
template <typename Real>
void check_targets(const communication::Communicator& ranks, const model::Likelihood<Real>& likelihood,
                   const data::Dataset<Real>& dataset);

/// Collective. Throws an agreed core::UserError if no sample of the data set has a weight above 0.
template <typename Real>
void check_weights(const communication::Communicator& ranks, const data::Dataset<Real>& dataset);

/// Collective. As check_targets, for features that the network does not take, such as a token beyond its vocabulary.
template <typename Real>
void check_features(const communication::Communicator& ranks, const model::Network<Real>& network,
                    const data::Dataset<Real>& dataset);

}  // namespace cauchy::training

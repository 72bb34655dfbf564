#pragma once
/// The NLL and the metrics of Θ over a whole data set.

#include <cstdint>
#include <span>
#include <string_view>

#include "cauchy/communication/channel.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/model/model.hpp"
#include "cauchy/model/network.hpp"
#include "cauchy/training/observer.hpp"
#include "cauchy/training/workers.hpp"

namespace cauchy::training {

/// Collective. Exact sums over all samples, each shard on its own and the shards in order: the same bits for any number
/// of ranks and threads. `microbatch` samples pass at once; workers need room for them, or for the largest shard.
template <typename Real>
Evaluation evaluate(communication::Channel& channel, const model::Model<Real>& model, std::span<const Real> theta,
                    const data::Dataset<Real>& dataset, std::uint64_t microbatch, Workers<Real>& workers);

/// Collective. Throws core::UserError on every rank if a target is none of the likelihood's, with file, row and the
/// likelihood that the targets look made for; if no sample has a weight above 0; or if there are exposures that mean
/// nothing. `name` is the likelihood's.
template <typename Real>
void check_observations(const communication::Communicator& ranks, const model::Likelihood<Real>& likelihood,
                        std::string_view name, const data::Dataset<Real>& dataset);

/// Collective. As check_targets, for features that the network does not take, such as a token beyond its vocabulary.
template <typename Real>
void check_features(const communication::Communicator& ranks, const model::Network<Real>& network,
                    const data::Dataset<Real>& dataset);

}  // namespace cauchy::training

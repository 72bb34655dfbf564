#pragma once
/// The NLL and the metric of Θ over a whole data set.

#include <span>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/model/network.hpp"
#include "cauchy/training/observer.hpp"

namespace cauchy::training {

/// Collective. Exact sums over all samples, each shard on its own and the shards in order: the same bits for any number
/// of ranks. Samples pass in microbatches of the workspace's size.
template <typename Real>
Evaluation evaluate(const communication::Communicator& ranks, const model::Network<Real>& network,
                    std::span<const Real> theta, data::Dataset<Real>& dataset, model::Workspace<Real>& workspace);

/// Collective. Throws core::UserError on every rank, with file and row, if a target is none of the likelihood's.
template <typename Real>
void check_targets(const communication::Communicator& ranks, const model::Likelihood<Real>& likelihood,
                   data::Dataset<Real>& dataset);

}  // namespace cauchy::training

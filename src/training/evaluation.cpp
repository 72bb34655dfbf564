// The NLL and the metric of Θ over a whole data set.

#include "cauchy/training/evaluation.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::training {

template <typename Real>
Evaluation evaluate(communication::Channel& channel, const model::Network<Real>& network, std::span<const Real> theta,
                    const data::Dataset<Real>& dataset, std::uint64_t microbatch, Workers<Real>& workers) {
  const core::Doing doing("evaluating");
  // Two sums a shard, each with one writer: adding the zeros of the other ranks changes nothing.
  const std::uint64_t shards = dataset.shards();
  std::vector<double> sums(2 * shards, 0.0);
  const model::Parameters<Real> parameters = workers.prepare(theta);
  workers.for_each_shard(dataset.local_shards(), [&](Worker<Real>& worker, std::uint64_t shard) {
    const std::uint64_t rows = dataset.rows_of(shard).size();
    for (std::uint64_t first = 0; first < rows; first += microbatch) {
      const data::Range part{first, std::min(rows, first + microbatch)};
      const model::Batch<Real> batch = dataset.gather(shard, part, worker.batch);
      const auto outputs = network.forward(parameters, batch.features, worker.workspace);
      sums[shard] += network.likelihood().nll(outputs, batch.targets);
      sums[shards + shard] += network.likelihood().metric_sum(outputs, batch.targets);
      core::note_progress();
    }
  });
  channel.sum(std::span(sums));

  const auto samples = static_cast<double>(dataset.shape().rows);
  double nll = 0;
  double metric = 0;
  for (std::uint64_t shard = 0; shard < shards; ++shard) {
    nll += sums[shard];
    metric += sums[shards + shard];
  }
  return {dataset.shape().rows, nll / samples, network.likelihood().metric_value(metric, samples)};
}

template <typename Real>
void check_targets(const communication::Communicator& ranks, const model::Likelihood<Real>& likelihood,
                   const data::Dataset<Real>& dataset) {
  communication::agree(ranks, [&] {
    const auto targets = dataset.samples().target_matrix();
    for (std::size_t row = 0; row < targets.rows; ++row) {
      const std::string fault = likelihood.target_fault(targets, row);
      if (!fault.empty()) {
        throw core::UserError(data::at(dataset.source()) +
                              dataset.reader().place(data::Part::targets, dataset.samples().rows.first + row) + ": " +
                              fault);
      }
    }
  });
}

template Evaluation evaluate(communication::Channel&, const model::Network<float>&, std::span<const float>,
                             const data::Dataset<float>&, std::uint64_t, Workers<float>&);
template Evaluation evaluate(communication::Channel&, const model::Network<double>&, std::span<const double>,
                             const data::Dataset<double>&, std::uint64_t, Workers<double>&);
template void check_targets(const communication::Communicator&, const model::Likelihood<float>&,
                            const data::Dataset<float>&);
template void check_targets(const communication::Communicator&, const model::Likelihood<double>&,
                            const data::Dataset<double>&);

}  // namespace cauchy::training

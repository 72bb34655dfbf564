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
  // Three sums a shard, each with one writer: adding the zeros of the other ranks changes nothing.
  const std::uint64_t shards = dataset.shards();
  std::vector<double> sums(3 * shards, 0.0);
  const model::Parameters<Real> parameters = workers.prepare(theta);
  workers.for_each_shard(dataset.local_shards(), [&](Worker<Real>& worker, std::uint64_t shard) {
    const std::uint64_t rows = dataset.rows_of(shard).size();
    for (std::uint64_t first = 0; first < rows; first += microbatch) {
      const data::Range part{first, std::min(rows, first + microbatch)};
      const model::Batch<Real> batch = dataset.gather(shard, part, worker.batch);
      const auto outputs = network.forward(parameters, batch.features, worker.workspace);
      sums[shard] += network.likelihood().nll(outputs, batch.observed);
      sums[shards + shard] += network.likelihood().metric_sum(outputs, batch.observed);
      sums[2 * shards + shard] += batch.observed.total_weight();
      core::note_progress();
    }
  });
  channel.sum(std::span(sums));

  double weight = 0;
  double nll = 0;
  double metric = 0;
  for (std::uint64_t shard = 0; shard < shards; ++shard) {
    nll += sums[shard];
    metric += sums[shards + shard];
    weight += sums[2 * shards + shard];
  }
  return {dataset.shape().rows, nll / weight, network.likelihood().metric_value(metric, weight)};
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

template <typename Real>
void check_weights(const communication::Communicator& ranks, const data::Dataset<Real>& dataset) {
  if (!dataset.weighted()) {
    return;
  }
  const auto weights = dataset.samples().observed().weights;
  double largest = weights.empty() ? 0 : static_cast<double>(*std::ranges::max_element(weights));
  ranks.maximum<double>({&largest, 1});
  if (largest == 0) {
    const data::Source& source = dataset.source();
    throw core::UserError(source.key + " = " + source.path + ": /" + source.weights +
                          " (data.weights) holds nothing but zeros: no sample counts")
        .as_agreed();
  }
}

template <typename Real>
void check_features(const communication::Communicator& ranks, const model::Network<Real>& network,
                    const data::Dataset<Real>& dataset) {
  communication::agree(ranks, [&] {
    const auto features = dataset.samples().feature_matrix();
    for (std::size_t row = 0; row < features.rows && !dataset.shape().sparse; ++row) {
      const std::string fault = network.feature_fault({features.row(row), features.columns});
      if (!fault.empty()) {
        const data::Reader& reader = dataset.reader();
        throw core::UserError(data::at(reader.source()) +
                              reader.place(data::Part::features, dataset.samples().rows.first + row) + ": " + fault);
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
template void check_weights(const communication::Communicator&, const data::Dataset<float>&);
template void check_weights(const communication::Communicator&, const data::Dataset<double>&);
template void check_features(const communication::Communicator&, const model::Network<float>&,
                             const data::Dataset<float>&);
template void check_features(const communication::Communicator&, const model::Network<double>&,
                             const data::Dataset<double>&);

}  // namespace cauchy::training

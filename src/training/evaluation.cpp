// The NLL and the metrics of Θ over a whole data set.

#include "cauchy/training/evaluation.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::training {
namespace {

enum ShardSum : std::size_t { weight_sum, nll_sum, first_metric_sum };

/// Adds to the first `size` values, in order, the next ones, the ones after them, ...
void add_parts(std::span<double> values, std::size_t size) {
  for (std::size_t i = size; i < values.size(); ++i) {
    values[i % size] += values[i];
  }
}

[[noreturn]] void refuse_target(const data::Reader& reader, std::uint64_t row, const std::string& what) {
  throw core::UserError(data::at(reader.source()) + reader.place(data::Part::targets, row) + ": " + what);
}

}  // namespace

template <typename Real>
Evaluation evaluate(communication::Channel& channel, const model::Model<Real>& model, std::span<const Real> theta,
                    const data::Dataset<Real>& dataset, std::uint64_t microbatch, Workers<Real>& workers) {
  const core::Doing doing("evaluating");
  // Of each shard Σ weights, Σ NLL and what metrics are made of, with one writer each: adding the zeros of the other
  // ranks changes nothing. Behind them, of each thread, counts, whose sum has no order.
  const std::size_t numbers = first_metric_sum + model.metric_sums();
  const std::size_t counts = model.metric_counts();
  const std::size_t of_shards = dataset.shards() * numbers;
  std::vector<double> sums(of_shards + workers.threads() * counts, 0.0);
  const model::Parameters<Real> parameters = workers.prepare(theta);
  workers.for_each_shard(dataset.local_shards(), [&](Worker<Real>& worker, std::uint64_t shard) {
    const std::uint64_t rows = dataset.rows_of(shard).size();
    const std::span<double> of_shard = std::span(sums).subspan(shard * numbers, numbers);
    const std::span<double> of_thread = std::span(sums).subspan(of_shards + worker.thread * counts, counts);
    for (std::uint64_t first = 0; first < rows; first += microbatch) {
      const data::Range part{first, std::min(rows, first + microbatch)};
      const model::Batch<Real> batch = dataset.gather(shard, part, worker.batch);
      of_shard[weight_sum] += batch.observed.total_weight();
      of_shard[nll_sum] += model.evaluate(
          parameters, batch, {dataset.summary(), of_shard.subspan(first_metric_sum), of_thread}, worker.workspace);
      core::note_progress();
    }
  });
  add_parts(std::span(sums).subspan(of_shards), counts);
  sums.resize(of_shards + counts);
  channel.sum(std::span(sums));
  add_parts(std::span(sums).first(of_shards), numbers);
  const std::span<const double> all = sums;
  return {dataset.shape().rows, all[nll_sum] / all[weight_sum],
          model.metric_values(all.subspan(first_metric_sum, model.metric_sums()), all.last(counts))};
}

template <typename Real>
void check_observations(const communication::Communicator& ranks, const model::Likelihood<Real>& likelihood,
                        std::string_view name, const data::Dataset<Real>& dataset) {
  const std::string_view recommended = model::recommended_likelihood(dataset.summary());
  const std::string hint = recommended == name ? "" : "; is model.likelihood = " + std::string(recommended) + " meant?";
  communication::agree(ranks, [&] {
    const core::Doing doing("reading data");
    dataset.for_each_part_of_targets([&](const data::Samples<Real>& samples) {
      const auto targets = samples.target_matrix();
      for (std::size_t row = 0; row < targets.rows; ++row) {
        std::string fault = likelihood.target_fault(targets, row);
        if (!fault.empty()) {
          refuse_target(dataset.reader(), samples.rows.first + row, fault.append(hint));
        }
      }
    });
  });
  if (dataset.summary().weight == 0) {
    throw core::UserError(data::at(dataset.source()) + "no sample counts: all weights are zero").as_agreed();
  }
  if (!dataset.source().exposure.empty() && !likelihood.uses_exposure()) {
    throw core::UserError("data.exposure = " + dataset.source().exposure + " means nothing to model.likelihood = " +
                          std::string(name) + "; it is for counts: poisson, negative_binomial")
        .as_agreed();
  }
}

template <typename Real>
void check_features(const communication::Communicator& ranks, const model::Network<Real>& network,
                    const data::Dataset<Real>& dataset) {
  if (network.takes_every_number() || dataset.shape().sparse || dataset.shape().bytes) {
    return;  // what is sparse has no tokens, and every byte is one
  }
  communication::agree(ranks, [&] {
    const core::Doing doing("reading data");
    dataset.for_each_part([&](const data::Samples<Real>& samples) {
      const auto features = samples.feature_matrix();
      for (std::size_t row = 0; row < features.rows; ++row) {
        const std::string fault = network.feature_fault({features.row(row), features.columns});
        if (!fault.empty()) {
          const data::Reader& reader = dataset.reader();
          throw core::UserError(data::at(reader.source()) +
                                reader.place(data::Part::features, samples.rows.first + row) + ": " + fault);
        }
      }
    });
  });
}

template Evaluation evaluate(communication::Channel&, const model::Model<float>&, std::span<const float>,
                             const data::Dataset<float>&, std::uint64_t, Workers<float>&);
template Evaluation evaluate(communication::Channel&, const model::Model<double>&, std::span<const double>,
                             const data::Dataset<double>&, std::uint64_t, Workers<double>&);
template void check_features(const communication::Communicator&, const model::Network<float>&,
                             const data::Dataset<float>&);
template void check_features(const communication::Communicator&, const model::Network<double>&,
                             const data::Dataset<double>&);
template void check_observations(const communication::Communicator&, const model::Likelihood<float>&, std::string_view,
                                 const data::Dataset<float>&);
template void check_observations(const communication::Communicator&, const model::Likelihood<double>&, std::string_view,
                                 const data::Dataset<double>&);

}  // namespace cauchy::training

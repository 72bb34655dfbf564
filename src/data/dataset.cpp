// The samples of this rank's shards.

#include "cauchy/data/dataset.hpp"

#include <algorithm>
#include <utility>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/data/targets.hpp"

namespace cauchy::data {

template <typename Real>
Dataset<Real>::Dataset(const communication::Communicator& ranks, std::unique_ptr<const Reader> reader,
                       std::uint64_t shards, const Standardization& standardization)
    : reader_(std::move(reader)),
      shards_(shards),
      local_shards_(
          rank_shards(shards, static_cast<std::uint64_t>(ranks.rank()), static_cast<std::uint64_t>(ranks.size()))) {
  communication::agree(ranks, [&] {
    const core::Doing doing("reading data");
    Range rows;
    if (local_shards_.size() > 0) {
      rows = {rows_of(local_shards_.first).first, rows_of(local_shards_.last - 1).last};
    }
    samples_ = read_samples<Real>(*reader_, rows, standardization);
    weigh_classes(source().class_weights, samples_);
  });
  summary_ = summarize_targets(ranks, shape().rows, shards_, samples_);
}

template <typename Real>
template <typename RowAt>
model::Batch<Real> Dataset<Real>::copy_rows(std::uint64_t shard, std::uint64_t count, RowAt row_at,
                                            BatchBuffer<Real>& buffer) const {
  const std::uint64_t start = rows_of(shard).first - samples_.rows.first;
  const auto local_row = [&](std::uint64_t i) { return start + row_at(i); };
  const std::uint64_t columns = shape().target_columns;
  buffer.targets.resize(std::max<std::size_t>(buffer.targets.size(), count * columns));
  for (std::uint64_t i = 0; i < count; ++i) {
    std::copy_n(samples_.targets.data() + local_row(i) * columns, columns, buffer.targets.data() + i * columns);
  }
  const auto column = [&](std::span<const Real> all, linear_algebra::AlignedVector<Real>& part) {
    if (all.empty()) {
      return all;
    }
    part.resize(std::max<std::size_t>(part.size(), count));
    for (std::uint64_t i = 0; i < count; ++i) {
      part[i] = all[local_row(i)];
    }
    return std::span<const Real>(part).first(count);
  };
  return {shape().sparse ? choose_sparse_features(count, local_row, buffer) : copy_features(count, local_row, buffer),
          {{buffer.targets.data(), count, columns},
           column(samples_.weights, buffer.weights),
           column(samples_.exposure, buffer.exposure)}};
}

template <typename Real>
template <typename RowAt>
model::Features<Real> Dataset<Real>::copy_features(std::uint64_t count, RowAt row_at, BatchBuffer<Real>& buffer) const {
  // Batches start on a cache line, wherever their rows lie: products must see the same alignment in every run.
  const std::uint64_t inputs = shape().inputs;
  buffer.features.resize(std::max<std::size_t>(buffer.features.size(), count * inputs));
  for (std::uint64_t i = 0; i < count; ++i) {
    std::copy_n(samples_.features.data() + row_at(i) * inputs, inputs, buffer.features.data() + i * inputs);
  }
  return {buffer.features.data(), count, inputs};
}

template <typename Real>
template <typename RowAt>
model::Features<Real> Dataset<Real>::choose_sparse_features(std::uint64_t count, RowAt row_at,
                                                            BatchBuffer<Real>& buffer) const {
  const auto all = samples_.sparse_features.view();
  buffer.first_elements.resize(std::max<std::size_t>(buffer.first_elements.size(), count));
  buffer.last_elements.resize(buffer.first_elements.size());
  for (std::uint64_t i = 0; i < count; ++i) {
    buffer.first_elements[i] = all.first[row_at(i)];
    buffer.last_elements[i] = all.last[row_at(i)];
  }
  return linear_algebra::SparseView<Real>{
      buffer.first_elements.data(), buffer.last_elements.data(), all.indices, all.values, count, all.columns};
}

template <typename Real>
model::Batch<Real> Dataset<Real>::gather(std::uint64_t shard, std::span<const std::uint32_t> rows,
                                         BatchBuffer<Real>& buffer) const {
  return copy_rows(
      shard, rows.size(), [rows](std::uint64_t i) { return rows[i]; }, buffer);
}

template <typename Real>
model::Batch<Real> Dataset<Real>::gather(std::uint64_t shard, Range rows, BatchBuffer<Real>& buffer) const {
  return copy_rows(
      shard, rows.size(), [rows](std::uint64_t i) { return rows.first + i; }, buffer);
}

template <typename Real>
model::Features<Real> features_of(const Samples<Real>& samples, std::uint64_t first, std::uint64_t count,
                                  BatchBuffer<Real>& buffer) {
  if (samples.sparse_features.columns > 0) {
    return samples.sparse_features.view().middle_rows(first, count);
  }
  buffer.features.resize(std::max<std::size_t>(buffer.features.size(), count * samples.inputs));
  std::copy_n(samples.feature_matrix().row(first), count * samples.inputs, buffer.features.data());
  return {buffer.features.data(), count, samples.inputs};
}

template model::Features<float> features_of(const Samples<float>&, std::uint64_t, std::uint64_t, BatchBuffer<float>&);
template model::Features<double> features_of(const Samples<double>&, std::uint64_t, std::uint64_t,
                                             BatchBuffer<double>&);
template class Dataset<float>;
template class Dataset<double>;

}  // namespace cauchy::data

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
                       std::uint64_t shards, const Standardization& standardization, std::uint64_t streamed_block_rows)
    : reader_(std::move(reader)),
      shards_(shards),
      local_shards_(
          rank_shards(shards, static_cast<std::uint64_t>(ranks.rank()), static_cast<std::uint64_t>(ranks.size()))),
      standardization_(standardization) {
  communication::agree(ranks, [&] {
    const core::Doing doing("reading data");
    if (streamed_block_rows == 0) {
      samples_ = read_samples<Real>(*reader_, local_rows(), standardization);
      weigh_classes(source().class_weights, samples_);
      return;
    }
    std::vector<Range> rows;
    for (std::uint64_t shard = local_shards_.first; shard < local_shards_.last; ++shard) {
      rows.push_back(rows_of(shard));
    }
    stream_ = std::make_unique<BlockStream<Real>>(*reader_, standardization, rows, streamed_block_rows);
    for_each_part([](const Samples<Real>& /*samples*/) {});  // what is at fault is told now
  });
  summary_ =
      summarize_targets<Real>(ranks, shape(), shards_, [this](const auto& visit) { for_each_part_of_targets(visit); });
}

template <typename Real>
Range Dataset<Real>::local_rows() const {
  return local_shards_.size() == 0 ? Range{}
                                   : Range{rows_of(local_shards_.first).first, rows_of(local_shards_.last - 1).last};
}

template <typename Real>
void Dataset<Real>::visit_parts(Samples<Real> part, const Visitor& visit) const {
  if (!streams()) {
    visit(samples_);
    return;
  }
  const Range rows = local_rows();
  const std::uint64_t count = stream_->block_rows();
  for (std::uint64_t first = rows.first; first < rows.last; first += count) {
    read_samples(*reader_, {first, std::min(rows.last, first + count)}, standardization_, part);
    weigh_classes(source().class_weights, part);
    visit(part);
  }
}

template <typename Real>
void Dataset<Real>::expect(std::uint64_t shard, std::span<const std::uint32_t> blocks, std::uint32_t following) const {
  stream_->expect(shard - local_shards_.first, blocks, following);
}

template <typename Real>
template <typename RowAt>
model::Batch<Real> Dataset<Real>::gather_rows(std::uint64_t shard, std::uint64_t count, RowAt row_at,
                                              BatchBuffer<Real>& buffer) const {
  prepare(count, buffer);
  if (streams()) {
    const std::uint64_t block_rows = stream_->block_rows();
    for (std::uint64_t first = 0, last = 0; first < count; first = last) {
      const std::uint64_t block = row_at(first) / block_rows;
      const Samples<Real>& samples = stream_->block(shard - local_shards_.first, static_cast<std::uint32_t>(block));
      while (last < count && row_at(last) / block_rows == block) {
        ++last;
      }
      copy_rows(
          samples, {first, last}, [&](std::uint64_t i) { return row_at(i) - block * block_rows; }, buffer);
    }
  } else {
    const std::uint64_t start = rows_of(shard).first - samples_.rows.first;
    copy_rows(
        samples_, {0, count}, [&](std::uint64_t i) { return start + row_at(i); }, buffer);
  }
  const auto column = [count](bool is_there, const linear_algebra::AlignedVector<Real>& values) {
    return is_there ? std::span<const Real>(values).first(count) : std::span<const Real>();
  };
  return {batch_features(count, buffer),
          {{buffer.targets.data(), count, shape().target_columns},
           column(weighted(), buffer.weights),
           column(!source().exposure.empty(), buffer.exposure)}};
}

/// Room for a batch. Batches start on a cache line, wherever their rows lie: products must see the same alignment in
/// every run.
template <typename Real>
void Dataset<Real>::prepare(std::uint64_t count, BatchBuffer<Real>& buffer) const {
  const auto make_room = [](auto& vector, std::uint64_t size) {
    vector.resize(std::max<std::size_t>(vector.size(), size));
  };
  make_room(buffer.targets, count * shape().target_columns);
  make_room(buffer.weights, weighted() ? count : 0);
  make_room(buffer.exposure, source().exposure.empty() ? 0 : count);
  if (shape().sparse) {
    make_room(buffer.first_elements, count);
    make_room(buffer.last_elements, count);
    buffer.elements.indices.clear();
    buffer.elements.values.clear();
  } else {
    make_room(buffer.features, count * shape().inputs);
  }
}

/// Makes row row_at(i) of the samples the batch's row i, for all i of a range.
template <typename Real>
template <typename RowAt>
void Dataset<Real>::copy_rows(const Samples<Real>& samples, Range of_batch, RowAt row_at,
                              BatchBuffer<Real>& buffer) const {
  const auto copy = [&](const auto& from, std::uint64_t columns, auto& to) {
    for (std::uint64_t i = of_batch.first; i < of_batch.last; ++i) {
      std::copy_n(from.data() + row_at(i) * columns, columns, to.data() + i * columns);
    }
  };
  copy(samples.targets, samples.target_columns, buffer.targets);
  copy(samples.weights, weighted() ? 1 : 0, buffer.weights);
  copy(samples.exposure, source().exposure.empty() ? 0 : 1, buffer.exposure);
  if (shape().sparse) {
    choose_sparse_rows(samples, of_batch, row_at, buffer);
  } else {
    for (std::uint64_t i = of_batch.first; i < of_batch.last; ++i) {
      samples.copy_features(row_at(i), buffer.features.data() + i * samples.inputs);
    }
  }
}

template <typename Real>
template <typename RowAt>
void Dataset<Real>::choose_sparse_rows(const Samples<Real>& samples, Range of_batch, RowAt row_at,
                                       BatchBuffer<Real>& buffer) const {
  const auto all = samples.sparse_features.view();
  for (std::uint64_t i = of_batch.first; i < of_batch.last; ++i) {
    buffer.first_elements[i] = all.first[row_at(i)];
    buffer.last_elements[i] = all.last[row_at(i)];
    if (streams()) {
      const linear_algebra::SparseRow<Real> row = all.row(row_at(i));
      auto& [columns, starts, indices, values] = buffer.elements;
      buffer.first_elements[i] = indices.size();
      indices.insert(indices.end(), row.columns.begin(), row.columns.end());
      values.insert(values.end(), row.values.begin(), row.values.end());
      buffer.last_elements[i] = indices.size();
    }
  }
}

template <typename Real>
model::Features<Real> Dataset<Real>::batch_features(std::uint64_t count, const BatchBuffer<Real>& buffer) const {
  if (!shape().sparse) {
    return {buffer.features.data(), count, shape().inputs};
  }
  const linear_algebra::SparseMatrix<Real>& elements = streams() ? buffer.elements : samples_.sparse_features;
  return linear_algebra::SparseView<Real>{buffer.first_elements.data(),
                                          buffer.last_elements.data(),
                                          elements.indices.data(),
                                          elements.values.data(),
                                          count,
                                          shape().inputs};
}

template <typename Real>
model::Batch<Real> Dataset<Real>::gather(std::uint64_t shard, std::span<const std::uint32_t> rows,
                                         BatchBuffer<Real>& buffer) const {
  return gather_rows(
      shard, rows.size(), [rows](std::uint64_t i) { return std::uint64_t{rows[i]}; }, buffer);
}

template <typename Real>
model::Batch<Real> Dataset<Real>::gather(std::uint64_t shard, Range rows, BatchBuffer<Real>& buffer) const {
  return gather_rows(
      shard, rows.size(), [rows](std::uint64_t i) { return rows.first + i; }, buffer);
}

template <typename Real>
model::Features<Real> features_of(const Samples<Real>& samples, std::uint64_t first, std::uint64_t count,
                                  BatchBuffer<Real>& buffer) {
  if (samples.sparse_features.columns > 0) {
    return samples.sparse_features.view().middle_rows(first, count);
  }
  buffer.features.resize(std::max<std::size_t>(buffer.features.size(), count * samples.inputs));
  for (std::uint64_t i = 0; i < count; ++i) {
    samples.copy_features(first + i, buffer.features.data() + i * samples.inputs);
  }
  return {buffer.features.data(), count, samples.inputs};
}

template model::Features<float> features_of(const Samples<float>&, std::uint64_t, std::uint64_t, BatchBuffer<float>&);
template model::Features<double> features_of(const Samples<double>&, std::uint64_t, std::uint64_t,
                                             BatchBuffer<double>&);
template class Dataset<float>;
template class Dataset<double>;

}  // namespace cauchy::data

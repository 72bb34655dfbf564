#pragma once
/// The samples of this rank's shards, ready for training or evaluation.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/reader.hpp"
#include "cauchy/data/shards.hpp"
#include "cauchy/data/source.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/model/batch.hpp"
#include "cauchy/model/target_summary.hpp"

namespace cauchy::data {

/// Memory for the batches that one thread gathers.
template <typename Real>
struct BatchBuffer {
  linear_algebra::AlignedVector<Real> features;
  linear_algebra::AlignedVector<Real> targets;
  std::vector<std::uint64_t> first_elements;  ///< of sparse rows, as in SparseView
  std::vector<std::uint64_t> last_elements;
  linear_algebra::AlignedVector<Real> weights;
  linear_algebra::AlignedVector<Real> exposure;
};

/// N rows in V shards, of which a rank holds its own. Each rank reads only those rows. Threads may share it.
template <typename Real>
class Dataset {
 public:
  /// Collective. Reads this rank's rows and standardises them, weighs them by their class, and looks at all targets; a
  /// fault anywhere is thrown on every rank.
  Dataset(const communication::Communicator& ranks, std::unique_ptr<const Reader> reader, std::uint64_t shards,
          const Standardization& standardization);

  const Reader& reader() const { return *reader_; }
  const Source& source() const { return reader_->source(); }
  const SourceShape& shape() const { return reader_->shape(); }
  std::uint64_t shards() const { return shards_; }
  Range local_shards() const { return local_shards_; }
  Range rows_of(std::uint64_t shard) const { return shard_rows(shape().rows, shards_, shard); }

  /// The largest number of rows of a shard.
  std::uint64_t largest_shard() const { return (shape().rows + shards_ - 1) / shards_; }

  /// Whether samples have weights; the same on every rank.
  bool weighted() const { return !source().weights.empty() || !source().class_weights.empty(); }

  /// What all targets look like, on whatever rank.
  const model::TargetSummary& summary() const { return summary_; }

  /// This rank's rows.
  const Samples<Real>& samples() const { return samples_; }

  /// Rows of a local shard, counted from its start, as a batch that stays until the buffer's next use. The buffer has
  /// copies of dense features and of targets; elements of sparse features are not copied.
  model::Batch<Real> gather(std::uint64_t shard, std::span<const std::uint32_t> rows, BatchBuffer<Real>& buffer) const;
  model::Batch<Real> gather(std::uint64_t shard, Range rows, BatchBuffer<Real>& buffer) const;

 private:
  template <typename RowAt>
  model::Batch<Real> copy_rows(std::uint64_t shard, std::uint64_t count, RowAt row_at, BatchBuffer<Real>& buffer) const;
  template <typename RowAt>
  model::Features<Real> copy_features(std::uint64_t count, RowAt row_at, BatchBuffer<Real>& buffer) const;
  template <typename RowAt>
  model::Features<Real> choose_sparse_features(std::uint64_t count, RowAt row_at, BatchBuffer<Real>& buffer) const;

  std::unique_ptr<const Reader> reader_;
  std::uint64_t shards_;
  Range local_shards_;
  Samples<Real> samples_;
  model::TargetSummary summary_;
};

/// Rows [first, first + count) of samples as the model sees them, until the buffer's next use: dense ones are copied
/// there, to start on a cache line.
template <typename Real>
model::Features<Real> features_of(const Samples<Real>& samples, std::uint64_t first, std::uint64_t count,
                                  BatchBuffer<Real>& buffer);

}  // namespace cauchy::data

#pragma once
/// The samples of this rank's shards, ready for training or evaluation.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/block_stream.hpp"
#include "cauchy/data/reader.hpp"
#include "cauchy/data/shards.hpp"
#include "cauchy/data/source.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/sparse.hpp"
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
  linear_algebra::SparseMatrix<Real> elements;  ///< of sparse rows, where they do not stay in memory
};

/// N rows in V shards, of which a rank reads its own. They stay in memory, or are read block by block while training
/// goes on. Threads may share it, with different shards.
template <typename Real>
class Dataset {
 public:
  /// Collective. Reads this rank's rows, standardises them, weighs them by their class, and looks at all targets; a
  /// fault anywhere is thrown on every rank. If streamed_block_rows is not 0, rows do not stay, but are read again
  /// later, in blocks of so many.
  Dataset(const communication::Communicator& ranks, std::unique_ptr<const Reader> reader, std::uint64_t shards,
          const Standardization& standardization, std::uint64_t streamed_block_rows = 0);

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

  using Visitor = std::function<void(const Samples<Real>&)>;

  /// Calls visit with all of this rank's rows, in order: at once, or in parts if they do not stay in memory.
  void for_each_part(const Visitor& visit) const { visit_parts({}, visit); }
  /// The same, where features may be missing. What has to be read again takes less time then.
  void for_each_part_of_targets(const Visitor& visit) const { visit_parts({.without_features = true}, visit); }

  /// Whether gather() takes rows from a file.
  bool streams() const { return stream_ != nullptr; }

  /// Of such rows: the order in which the blocks of a local shard will be needed, and the one after them.
  void expect(std::uint64_t shard, std::span<const std::uint32_t> blocks, std::uint32_t following) const;
  StreamSummary stream_summary() const { return streams() ? stream_->summary() : StreamSummary(); }

  /// Rows of a local shard, counted from its start, as a batch that stays until the buffer's next use. The buffer has
  /// copies of dense features and of targets; elements of sparse features are copied only from a stream. Throws as
  /// BlockStream does.
  model::Batch<Real> gather(std::uint64_t shard, std::span<const std::uint32_t> rows, BatchBuffer<Real>& buffer) const;
  model::Batch<Real> gather(std::uint64_t shard, Range rows, BatchBuffer<Real>& buffer) const;

 private:
  template <typename RowAt>
  model::Batch<Real> gather_rows(std::uint64_t shard, std::uint64_t count, RowAt row_at,
                                 BatchBuffer<Real>& buffer) const;
  void visit_parts(Samples<Real> part, const Visitor& visit) const;
  void prepare(std::uint64_t count, BatchBuffer<Real>& buffer) const;
  template <typename RowAt>
  void copy_rows(const Samples<Real>& samples, Range of_batch, RowAt row_at, BatchBuffer<Real>& buffer) const;
  template <typename RowAt>
  void choose_sparse_rows(const Samples<Real>& samples, Range of_batch, RowAt row_at, BatchBuffer<Real>& buffer) const;
  model::Features<Real> batch_features(std::uint64_t count, const BatchBuffer<Real>& buffer) const;
  Range local_rows() const;

  std::unique_ptr<const Reader> reader_;
  std::uint64_t shards_;
  Range local_shards_;
  Standardization standardization_;
  Samples<Real> samples_;                      ///< all rows of this rank, or none
  std::unique_ptr<BlockStream<Real>> stream_;  ///< where they do not stay in memory
  model::TargetSummary summary_;
};

/// Rows [first, first + count) of samples as the model sees them, until the buffer's next use: dense ones are copied
/// there, to start on a cache line.
template <typename Real>
model::Features<Real> features_of(const Samples<Real>& samples, std::uint64_t first, std::uint64_t count,
                                  BatchBuffer<Real>& buffer);

}  // namespace cauchy::data

#pragma once
/// Features with mean 0 and variance 1.

#include <cstddef>
#include <vector>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/reader.hpp"

namespace cauchy::data {

/// x ← (x - mean)·scale, by feature. Empty vectors: features stay as they are. For sparse features the mean is set to
/// 0: a shift would make other numbers of their zeros.
struct Standardization {
  std::vector<double> mean;   ///< (inputs)
  std::vector<double> scale;  ///< (inputs), 1/standard deviation over the training data; 1 for a constant feature

  bool active() const { return !mean.empty(); }

  double of(double value, std::size_t feature) const { return (value - mean[feature]) * scale[feature]; }

  bool operator==(const Standardization&) const = default;
};

/// Collective. Mean and scale over all rows of the training data, of which each rank reads its shards' rows twice: for
/// the mean, and for the deviations from it. Every number is taken relative to the first row, so that a constant
/// feature has exactly no variance and a large offset costs no digits. Each shard is summed on its own and the shards
/// in order: the result does not depend on the number of ranks. Working memory and traffic: shards × inputs doubles.
/// Sparse features: the scale alone, as src/data/sparse_deviations.hpp says, with 5 × inputs numbers of working memory.
/// Throws an agreed core::UserError, naming the column, if a variance is too large for a double.
Standardization measure_standardization(const communication::Communicator& ranks, const Reader& reader,
                                        std::uint64_t shards);

}  // namespace cauchy::data

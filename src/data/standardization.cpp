// Features with mean 0 and variance 1.

#include "cauchy/data/standardization.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "sparse_deviations.hpp"

namespace cauchy::data {
namespace {

using linear_algebra::MatrixView;

// Collective. Σ over all rows of term(value, column), by column. One row of sums a shard: each has one writer, so that
// the sum over ranks adds zeros only.
template <typename Term>
std::vector<double> sum_over_rows(const communication::Communicator& ranks, const Reader& reader, std::uint64_t shards,
                                  Term term) {
  const SourceShape& shape = reader.shape();
  std::vector<double> sums(shards * shape.inputs, 0.0);
  const Range local_shards =
      rank_shards(shards, static_cast<std::uint64_t>(ranks.rank()), static_cast<std::uint64_t>(ranks.size()));
  communication::agree(ranks, [&] {
    if (local_shards.size() == 0) {
      return;
    }
    const Range rows{shard_rows(shape.rows, shards, local_shards.first).first,
                     shard_rows(shape.rows, shards, local_shards.last - 1).last};
    const core::Doing doing("measuring data.train");
    std::uint64_t shard = local_shards.first;
    reader.for_each_piece(rows, [&](std::uint64_t first, const model::Features<double>& features) {
      const MatrixView<const double> values = features.dense;
      for (std::uint64_t row = 0; row < values.rows; ++row) {
        while (first + row >= shard_rows(shape.rows, shards, shard).last) {
          ++shard;
        }
        double* const sum = sums.data() + shard * shape.inputs;
        const double* const value = values.row(row);
        for (std::uint64_t column = 0; column < values.columns; ++column) {
          sum[column] += term(value[column], column);
        }
      }
    });
  });
  ranks.sum<double>(sums);
  std::vector<double> total(shape.inputs, 0.0);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    total[i % shape.inputs] += sums[i];
  }
  return total;
}

// Collective. The features of row 0, which every rank needs and the root reads.
std::vector<double> first_row(const communication::Communicator& ranks, const Reader& reader) {
  std::vector<double> row(reader.shape().inputs);
  communication::agree_on_root(ranks, [&] {
    reader.for_each_piece({0, 1}, [&](std::uint64_t /*first*/, const model::Features<double>& features) {
      std::copy_n(features.dense.data, row.size(), row.begin());
    });
  });
  ranks.broadcast<double>(row);
  return row;
}

// What standard deviations are multiplied by to become 1.
std::vector<double> scales_of(const Reader& reader, std::vector<double> deviations) {
  for (std::size_t column = 0; column < deviations.size(); ++column) {
    double& value = deviations[column];
    if (!std::isfinite(value)) {
      throw core::UserError(at(reader.source()) + "column " + std::to_string(column) + " of " +
                            reader.name(Part::features) +
                            " has a variance beyond the range of a double; scale it in the file")
          .as_agreed();
    }
    value = value == 0 ? 1.0 : 1.0 / value;
  }
  return deviations;
}

}  // namespace

Standardization measure_standardization(const communication::Communicator& ranks, const Reader& reader,
                                        std::uint64_t shards) {
  if (reader.shape().sparse) {
    return {std::vector<double>(reader.shape().inputs, 0.0),
            scales_of(reader, sparse_deviations(ranks, reader, shards))};
  }
  const auto rows = static_cast<double>(reader.shape().rows);
  const std::vector<double> shift = first_row(ranks, reader);
  Standardization result;
  result.mean =
      sum_over_rows(ranks, reader, shards, [&](double value, std::uint64_t column) { return value - shift[column]; });
  for (std::size_t column = 0; column < result.mean.size(); ++column) {
    result.mean[column] = shift[column] + result.mean[column] / rows;
  }
  result.scale = sum_over_rows(ranks, reader, shards, [&](double value, std::uint64_t column) {
    const double deviation = value - result.mean[column];
    return deviation * deviation;
  });
  for (double& deviation : result.scale) {
    deviation = std::sqrt(deviation / rows);
  }
  result.scale = scales_of(reader, std::move(result.scale));
  return result;
}

}  // namespace cauchy::data

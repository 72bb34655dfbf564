// Standard deviations of sparse features.

#include "sparse_deviations.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <span>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/data/shards.hpp"

namespace cauchy::data {
namespace {

using communication::Communicator;
using linear_algebra::SparseRow;

// Squares of deviations below this, summed over any number of rows, are finite.
constexpr double largest_deviation = 1e140;
// Reciprocals of powers of two from here on are finite.
constexpr int lowest_exponent = -1000;

template <typename Visit>
void for_each_element(const SparseRow<double>& row, Visit visit) {
  for (std::size_t i = 0; i < row.columns.size(); ++i) {
    visit(row.columns[i], row.values[i]);
  }
}

/// Collective. Calls visit(column, value) with every element of this rank's rows.
template <typename Visit>
void for_each_element(const Communicator& ranks, const Reader& reader, std::uint64_t shards, Visit visit) {
  communication::agree(ranks, [&] {
    const Range local =
        rank_shards(shards, static_cast<std::uint64_t>(ranks.rank()), static_cast<std::uint64_t>(ranks.size()));
    if (local.size() == 0) {
      return;
    }
    const Range rows{shard_rows(reader.shape().rows, shards, local.first).first,
                     shard_rows(reader.shape().rows, shards, local.last - 1).last};
    const core::Doing doing("measuring data.train");
    reader.for_each_piece(rows, [&](std::uint64_t /*first*/, const model::Features<double>& features) {
      for (std::size_t row = 0; row < features.sparse.rows; ++row) {
        for_each_element(features.sparse.row(row), visit);
      }
    });
  });
}

/// Collective. Row 0 with its zeros.
std::vector<double> first_row(const Communicator& ranks, const Reader& reader) {
  std::vector<double> row(reader.shape().inputs, 0.0);
  communication::agree_on_root(ranks, [&] {
    reader.for_each_piece({0, 1}, [&](std::uint64_t /*first*/, const model::Features<double>& features) {
      for_each_element(features.sparse.row(0), [&](std::size_t column, double value) { row[column] = value; });
    });
  });
  ranks.broadcast<double>(row);
  return row;
}

}  // namespace

std::vector<double> sparse_deviations(const Communicator& ranks, const Reader& reader, std::uint64_t shards) {
  const std::uint64_t rows = reader.shape().rows;
  const std::size_t inputs = reader.shape().inputs;
  const std::vector<double> shift = first_row(ranks, reader);

  std::vector<double> result(inputs, 0.0);  // first the largest deviation from the shift
  std::vector<std::uint64_t> stored(inputs, 0);
  for_each_element(ranks, reader, shards, [&](std::size_t column, double value) {
    result[column] = std::max(result[column], std::abs(value - shift[column]));
    ++stored[column];
  });
  ranks.maximum<double>(result);
  ranks.sum<std::uint64_t>(stored);

  // Then deviations in units of a power of two above the largest: of magnitude 1 at most.
  std::vector<double> reciprocal(inputs, 0.0);
  for (std::size_t column = 0; column < inputs; ++column) {
    const double largest = std::max(result[column], stored[column] < rows ? std::abs(shift[column]) : 0.0);
    if (largest > 0 && largest < largest_deviation) {
      reciprocal[column] = std::ldexp(1.0, -std::max(lowest_exponent, std::ilogb(largest) + 1));
    }
    result[column] = largest < largest_deviation ? 0.0 : std::numeric_limits<double>::infinity();
  }
  if (std::ranges::any_of(result, [](double value) { return value > 0; })) {
    return result;
  }
  const double grid = std::ldexp(1.0, 62 - static_cast<int>(std::bit_width(rows)));
  const auto on_grid = [grid](double term) { return static_cast<std::int64_t>(std::rint(term * grid)); };
  const auto deviation = [&](std::size_t column, double value) { return (value - shift[column]) * reciprocal[column]; };

  std::vector<std::int64_t> sums(inputs, 0);
  for_each_element(ranks, reader, shards,
                   [&](std::size_t column, double value) { sums[column] += on_grid(deviation(column, value)); });
  ranks.sum<std::int64_t>(sums);
  const auto zeros = [&](std::size_t column) { return static_cast<double>(rows - stored[column]); };
  const auto of_all = [&](std::size_t column, double of_a_zero) {
    return (static_cast<double>(sums[column]) / grid + zeros(column) * of_a_zero) / static_cast<double>(rows);
  };
  std::vector<double> mean(inputs);
  for (std::size_t column = 0; column < inputs; ++column) {
    mean[column] = of_all(column, deviation(column, 0));
  }

  // Half of a deviation from the mean, so that its square is 1 at most, too.
  const auto square = [&](std::size_t column, double value) {
    const double half = (deviation(column, value) - mean[column]) / 2;
    return half * half;
  };
  std::ranges::fill(sums, 0);
  for_each_element(ranks, reader, shards,
                   [&](std::size_t column, double value) { sums[column] += on_grid(square(column, value)); });
  ranks.sum<std::int64_t>(sums);
  for (std::size_t column = 0; column < inputs; ++column) {
    if (reciprocal[column] > 0) {
      result[column] = 2 * std::sqrt(of_all(column, square(column, 0))) / reciprocal[column];
    }
  }
  return result;
}

}  // namespace cauchy::data

// Which rows train, and which validate.

#include "cauchy/data/split.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cauchy/core/random.hpp"

namespace cauchy::data {
namespace {

// Rows whose draws are one stream of random numbers; a part of the rule.
constexpr std::uint64_t chunk_rows = 4096;

/// Calls visit(row, whether it validates) for the rows of a chunk.
template <typename Visit>
void draw_chunk(const SplitOptions& options, std::uint64_t chunk, Visit visit) {
  core::RandomStream random(options.seed, core::Purpose::split, static_cast<std::uint32_t>(chunk),
                            static_cast<std::uint32_t>(chunk >> 32));
  const std::uint64_t end = std::min(options.rows, (chunk + 1) * chunk_rows);
  const double bound = options.fraction * 0x1p32;
  for (std::uint64_t row = chunk * chunk_rows; row < end; ++row) {
    visit(row, static_cast<double>(random.next32()) < bound);
  }
}

}  // namespace

Split::Split(const SplitOptions& options) : options_(options) {
  if (options.rule == SplitRule::position) {
    const double rows = std::ceil(options.fraction * static_cast<double>(options.rows));
    validation_rows_ = std::min(options.rows, static_cast<std::uint64_t>(rows));
    return;
  }
  const std::uint64_t chunks = (options.rows + chunk_rows - 1) / chunk_rows;
  for (std::uint64_t chunk = 0; chunk < chunks; ++chunk) {
    validation_before_.push_back(validation_rows_);
    draw_chunk(options, chunk, [&](std::uint64_t, bool validates) { validation_rows_ += validates ? 1 : 0; });
  }
}

std::uint64_t Split::size(Half half) const {
  return half == Half::validation ? validation_rows_ : options_.rows - validation_rows_;
}

/// How many rows of a half stand before a chunk.
std::uint64_t Split::first_of_chunk(Half half, std::uint64_t chunk) const {
  return half == Half::validation ? validation_before_[chunk] : chunk * chunk_rows - validation_before_[chunk];
}

std::vector<std::uint64_t> Split::rows(Half half, Range range) const {
  std::vector<std::uint64_t> result(range.size());
  if (options_.rule == SplitRule::position) {
    std::iota(result.begin(), result.end(), range.first + (half == Half::validation ? size(Half::training) : 0));
    return result;
  }
  // The last chunk that starts at or before the first row asked for.
  std::uint64_t low = 0;
  for (std::uint64_t high = validation_before_.size(); high - low > 1;) {
    const std::uint64_t middle = low + (high - low) / 2;
    (first_of_chunk(half, middle) <= range.first ? low : high) = middle;
  }
  std::uint64_t found = 0;
  for (std::uint64_t chunk = low; found < result.size(); ++chunk) {
    std::uint64_t index = first_of_chunk(half, chunk);
    draw_chunk(options_, chunk, [&](std::uint64_t row, bool validates) {
      if (validates == (half == Half::validation)) {
        if (range.first <= index && index < range.last) {
          result[found++] = row;
        }
        ++index;
      }
    });
  }
  return result;
}

}  // namespace cauchy::data

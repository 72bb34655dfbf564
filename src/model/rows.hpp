#pragma once
/// What layers do with the rows of a microbatch, a chunk of them at a time, while it is in the cache.

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include "cauchy/linear_algebra/bf16.hpp"
#include "cauchy/linear_algebra/matrix_view.hpp"
#include "cauchy/model/activation.hpp"
#include "cauchy/model/gradient_sink.hpp"

namespace cauchy::model {

// Rows that are worked on while they are in the cache.
inline constexpr std::size_t chunk_rows = 16;

// Below, loops over a row are too short for vector instructions, and go over all rows of a chunk at once.
inline constexpr std::size_t narrow_columns = 64;

template <typename Real>
using NarrowChunk = std::array<Real, chunk_rows * narrow_columns>;

template <typename Real>
void add_elements(std::span<const Real> terms, std::span<Real> sums) {
  for (std::size_t i = 0; i < terms.size(); ++i) {
    sums[i] += terms[i];
  }
}

/// Adds the same to every row of chunks.
template <typename Real>
class RowTerm {
 public:
  explicit RowTerm(std::span<const Real> term) : term_(term) {
    for (std::size_t i = 0; i < chunk_rows && is_narrow(); ++i) {
      std::ranges::copy(term, repeated_.data() + i * term.size());
    }
  }

  void add_to(linear_algebra::MatrixView<Real> chunk) const {
    if (is_narrow()) {
      return add_elements(std::span<const Real>(repeated_).first(chunk.size()), chunk.elements());
    }
    for (std::size_t i = 0; i < chunk.rows; ++i) {
      add_elements(term_, {chunk.row(i), chunk.columns});
    }
  }

 private:
  bool is_narrow() const { return term_.size() < narrow_columns; }

  std::span<const Real> term_;
  NarrowChunk<Real> repeated_;  ///< the term again and again, if it is narrow
};

/// Adds the rows of chunks to a sum: one after the other, or if they are narrow, in chunk_rows partial sums.
template <typename Real>
class RowSum {
 public:
  explicit RowSum(std::span<Real> sum) : sum_(sum) {
    if (is_narrow()) {
      std::fill_n(partial_.begin(), chunk_rows * sum.size(), Real{0});
    }
  }

  void add(linear_algebra::MatrixView<const Real> chunk) {
    if (is_narrow()) {
      return add_elements<Real>(chunk.elements(), std::span(partial_).first(chunk.size()));
    }
    for (std::size_t i = 0; i < chunk.rows; ++i) {
      add_elements<Real>({chunk.row(i), chunk.columns}, sum_);
    }
  }

  /// After the last chunk.
  void finish() {
    for (std::size_t i = 0; i < chunk_rows && is_narrow(); ++i) {
      add_elements<Real>(std::span(partial_).subspan(i * sum_.size(), sum_.size()), sum_);
    }
  }

 private:
  bool is_narrow() const { return sum_.size() < narrow_columns; }

  std::span<Real> sum_;
  NarrowChunk<Real> partial_;  ///< sums, if it is narrow
};

/// Calls work(first, count) for the rows of each chunk.
template <typename Work>
void for_each_chunk(std::size_t rows, Work work) {
  for (std::size_t first = 0; first < rows; first += chunk_rows) {
    work(first, std::min(chunk_rows, rows - first));
  }
}

/// Rows of a matrix and of its tangent.
template <typename Real>
Dual<Real> dual_rows(linear_algebra::MatrixView<Real> matrix, linear_algebra::MatrixView<Real> tangent,
                     std::size_t first, std::size_t count) {
  return {matrix.middle_rows(first, count).elements(), tangent.middle_rows(first, count).elements()};
}

/// Into row `first` and the following ones, if somebody wants it.
template <typename Real>
void round_rows(linear_algebra::MatrixView<const Real> rows, std::size_t first, linear_algebra::Bf16* rounded) {
  if constexpr (std::is_same_v<Real, float>) {
    if (rounded != nullptr) {
      linear_algebra::round_to_bf16(rows.elements(), {rounded + first * rows.columns, rows.size()});
    }
  }
}

/// A tensor in Θ or in a gradient; empty if there is none.
template <typename T>
std::span<T> part(std::span<T> vector, const Tensor& tensor) {
  return vector.subspan(tensor.offset, tensor.size);
}

template <typename Real>
void hand_out(const Tensor& tensor, const GradientBuffer<Real>& gradient) {
  if (gradient.sink != nullptr) {
    gradient.sink->complete(tensor, part<const Real>(gradient.values, tensor));
  }
}

}  // namespace cauchy::model

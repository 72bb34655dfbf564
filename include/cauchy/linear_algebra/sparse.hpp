#pragma once
/// Sparse matrices by rows (CSR), and their products with dense ones.

#include <cstddef>
#include <cstdint>
#include <span>

#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/matrix_view.hpp"

namespace cauchy::linear_algebra {

/// The elements of one row that are stored; all others are 0. Columns ascend.
template <typename Real>
struct SparseRow {
  std::span<const std::uint32_t> columns;
  std::span<const Real> values;
};

/// A sparse (rows × columns) matrix that somebody else owns. Row i has the elements [first[i], last[i]) of `indices`
/// and `values`: rows that lie one after the other have last = first + 1, and a choice of rows copies none of them.
///
///     0 7 0 5     first    0 2 2     indices   1 3 0      row 0: (1, 7), (3, 5)
///     0 0 0 0     last     2 2 3     values    7 5 4      row 1: empty
///     4 0 0 0                                             row 2: (0, 4)
template <typename Real>
struct SparseView {
  const std::uint64_t* first = nullptr;    ///< (rows)
  const std::uint64_t* last = nullptr;     ///< (rows)
  const std::uint32_t* indices = nullptr;  ///< columns, ascending within a row, below `columns`
  const Real* values = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;

  SparseRow<Real> row(std::size_t index) const {
    const std::size_t count = last[index] - first[index];
    return {{indices + first[index], count}, {values + first[index], count}};
  }

  /// Rows [start, start + count).
  SparseView middle_rows(std::size_t start, std::size_t count) const {
    return {first + start, last + start, indices, values, count, columns};
  }
};

/// A sparse matrix, rows one after the other. At most 2^32 columns. To be filled row by row:
///
///     SparseMatrix<float> matrix;
///     matrix.columns = 4;
///     matrix.indices.push_back(1);  matrix.values.push_back(7);      // an element of the row that is being filled
///     matrix.starts.push_back(matrix.indices.size());                // the end of that row
template <typename Real>
struct SparseMatrix {
  std::size_t columns = 0;
  UnsetVector<std::uint64_t> starts{0};  ///< (rows + 1): row i has the elements [starts[i], starts[i + 1])
  UnsetVector<std::uint32_t> indices;    ///< columns, ascending within a row, below `columns`
  UnsetVector<Real> values;

  std::size_t rows() const { return starts.size() - 1; }

  SparseView<Real> view() const {
    return {starts.data(), starts.data() + 1, indices.data(), values.data(), rows(), columns};
  }
};

/// result = x·w + terms, the same terms in every row, or none. x (samples × inputs), w (inputs × outputs), terms
/// (outputs). A row of the result depends on its own row of x, on w and the terms alone. Costs what the elements of x
/// cost.
template <typename Real>
void multiply(SparseView<Real> x, MatrixView<const Real> w, std::span<const Real> terms, MatrixView<Real> result);

/// result += xᵀ·d, row of x by row. x (samples × inputs), d (samples × outputs), result (inputs × outputs). Only rows
/// of the result that x has elements for are touched.
template <typename Real>
void add_transposed_product(SparseView<Real> x, MatrixView<const Real> d, MatrixView<Real> result);

}  // namespace cauchy::linear_algebra

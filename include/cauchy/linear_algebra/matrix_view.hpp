#pragma once
/// Row-major matrices that somebody else owns.

#include <cstddef>
#include <span>
#include <type_traits>

namespace cauchy::linear_algebra {

/// A dense (rows × columns) matrix in row-major order without gaps. Samples are rows.
template <typename Real>
struct MatrixView {
  Real* data = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;

  std::size_t size() const { return rows * columns; }
  Real* row(std::size_t index) const { return data + index * columns; }
  Real& operator()(std::size_t row, std::size_t column) const { return data[row * columns + column]; }
  std::span<Real> elements() const { return {data, size()}; }

  /// Rows [first, first + count).
  MatrixView middle_rows(std::size_t first, std::size_t count) const { return {row(first), count, columns}; }

  // NOLINTNEXTLINE(google-explicit-constructor): a view that may write serves where one may only read
  operator MatrixView<const Real>() const requires(!std::is_const_v<Real>) { return {data, rows, columns}; }
};

}  // namespace cauchy::linear_algebra

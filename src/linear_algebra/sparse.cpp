// Products of sparse rows.

#include "cauchy/linear_algebra/sparse.hpp"

#include <algorithm>
#include <array>

namespace cauchy::linear_algebra {
namespace {

// Partial sums of a row, element by element in turn: additions that need not wait for each other.
constexpr std::size_t lanes = 4;

/// Columns of the row after this one, whose places in a large matrix are fetched while this one is worked on: they are
/// anywhere, and waiting for each in turn would take most of the time. None after the last row.
template <typename Real>
std::span<const std::uint32_t> columns_ahead(SparseView<Real> x, std::size_t row) {
  return row + 1 < x.rows ? x.row(row + 1).columns : std::span<const std::uint32_t>();
}

/// result = Σ x_j·w_j + terms, in registers. outputs = width.
template <std::size_t width, typename Real>
void multiply_narrow_row(SparseRow<Real> x, std::span<const std::uint32_t> ahead, const Real* w,
                         std::span<const Real> terms, Real* result) {
  std::array<std::array<Real, width>, lanes> sums{};
  const std::size_t count = x.columns.size();
  const auto add = [&](std::size_t i, std::array<Real, width>& sum) {
    if (i < ahead.size()) {
      __builtin_prefetch(w + std::size_t{ahead[i]} * width);
    }
    const Real* const row = w + std::size_t{x.columns[i]} * width;
    for (std::size_t k = 0; k < width; ++k) {
      sum[k] += x.values[i] * row[k];
    }
  };
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    add(i, sums[0]);
    add(i + 1, sums[1]);
    add(i + 2, sums[2]);
    add(i + 3, sums[3]);
  }
  for (; i < count; ++i) {
    add(i, sums[0]);
  }
  for (std::size_t k = 0; k < width; ++k) {
    const Real sum = (sums[0][k] + sums[1][k]) + (sums[2][k] + sums[3][k]);
    result[k] = terms.empty() ? sum : sum + terms[k];
  }
}

/// The same for any number of outputs.
template <typename Real>
void multiply_row(SparseRow<Real> x, MatrixView<const Real> w, std::span<const Real> terms, std::span<Real> result) {
  std::ranges::fill(result, Real{0});
  for (std::size_t i = 0; i < x.columns.size(); ++i) {
    const Real value = x.values[i];
    const Real* const row = w.row(x.columns[i]);
    for (std::size_t k = 0; k < result.size(); ++k) {
      result[k] += value * row[k];
    }
  }
  for (std::size_t k = 0; k < terms.size(); ++k) {
    result[k] += terms[k];
  }
}

template <std::size_t width, typename Real>
void multiply_narrow(SparseView<Real> x, MatrixView<const Real> w, std::span<const Real> terms,
                     MatrixView<Real> result) {
  for (std::size_t i = 0; i < x.rows; ++i) {
    multiply_narrow_row<width>(x.row(i), columns_ahead(x, i), w.data, terms, result.row(i));
  }
}

template <std::size_t width, typename Real>
void add_narrow(SparseView<Real> x, MatrixView<const Real> d, MatrixView<Real> result) {
  for (std::size_t i = 0; i < x.rows; ++i) {
    const SparseRow<Real> row = x.row(i);
    const std::span<const std::uint32_t> ahead = columns_ahead(x, i);
    std::array<Real, width> derivative;
    std::copy_n(d.row(i), width, derivative.begin());
    for (std::size_t j = 0; j < row.columns.size(); ++j) {
      if (j < ahead.size()) {
        __builtin_prefetch(result.data + std::size_t{ahead[j]} * width, 1);
      }
      Real* const sum = result.data + std::size_t{row.columns[j]} * width;
      for (std::size_t k = 0; k < width; ++k) {
        sum[k] += row.values[j] * derivative[k];
      }
    }
  }
}

template <typename Real>
void add_wide(SparseView<Real> x, MatrixView<const Real> d, MatrixView<Real> result) {
  for (std::size_t i = 0; i < x.rows; ++i) {
    const SparseRow<Real> row = x.row(i);
    const Real* const derivative = d.row(i);
    for (std::size_t j = 0; j < row.columns.size(); ++j) {
      const Real value = row.values[j];
      Real* const sum = result.row(row.columns[j]);
      for (std::size_t k = 0; k < d.columns; ++k) {
        sum[k] += value * derivative[k];
      }
    }
  }
}

}  // namespace

template <typename Real>
void multiply(SparseView<Real> x, MatrixView<const Real> w, std::span<const Real> terms, MatrixView<Real> result) {
  switch (w.columns) {
    case 1:
      return multiply_narrow<1>(x, w, terms, result);
    case 2:
      return multiply_narrow<2>(x, w, terms, result);
    default:
      for (std::size_t i = 0; i < x.rows; ++i) {
        multiply_row(x.row(i), w, terms, {result.row(i), result.columns});
      }
  }
}

template <typename Real>
void add_transposed_product(SparseView<Real> x, MatrixView<const Real> d, MatrixView<Real> result) {
  switch (d.columns) {
    case 1:
      return add_narrow<1>(x, d, result);
    case 2:
      return add_narrow<2>(x, d, result);
    default:
      return add_wide(x, d, result);
  }
}

template void multiply(SparseView<float>, MatrixView<const float>, std::span<const float>, MatrixView<float>);
template void multiply(SparseView<double>, MatrixView<const double>, std::span<const double>, MatrixView<double>);
template void add_transposed_product(SparseView<float>, MatrixView<const float>, MatrixView<float>);
template void add_transposed_product(SparseView<double>, MatrixView<const double>, MatrixView<double>);

}  // namespace cauchy::linear_algebra

// Products of sparse rows against sums in long double, element by element.

#include "cauchy/linear_algebra/sparse.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "cauchy/core/random.hpp"
#include "support/random_values.hpp"

namespace cauchy::linear_algebra {
namespace {

constexpr std::size_t columns = 53;

/// Rows of 0 to 20 elements, column 7 without any, row 3 empty.
template <typename Real>
SparseMatrix<Real> random_rows(std::size_t rows) {
  core::RandomStream random(2, core::Purpose::initialization, 0, 0);
  SparseMatrix<Real> matrix;
  matrix.columns = columns;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::uint64_t percent = i == 3 ? 0 : random.below(40);
    for (std::uint32_t j = 0; j < columns; ++j) {
      if (j != 7 && random.below(100) < percent) {
        matrix.indices.push_back(j);
        matrix.values.push_back(static_cast<Real>(2 * random.uniform() - 1));
      }
    }
    matrix.starts.push_back(matrix.indices.size());
  }
  return matrix;
}

template <typename Real>
AlignedVector<Real> dense(SparseView<Real> x) {
  AlignedVector<Real> values(x.rows * x.columns, Real{0});
  for (std::size_t i = 0; i < x.rows; ++i) {
    const SparseRow<Real> row = x.row(i);
    for (std::size_t j = 0; j < row.columns.size(); ++j) {
      values[i * x.columns + row.columns[j]] = row.values[j];
    }
  }
  return values;
}

/// Each of the terms is at most 1, and each of count additions rounds by ε/2 of a partial sum of at most `count`; one
/// rounding of each product.
template <typename Real>
Real rounding(std::size_t count) {
  return static_cast<Real>(count * (count + 1)) * std::numeric_limits<Real>::epsilon() / 2;
}

template <typename Real>
class Sparse : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(Sparse, Reals);

TYPED_TEST(Sparse, MultipliesAsADenseMatrixDoes) {
  const SparseMatrix<TypeParam> matrix = random_rows<TypeParam>(29);
  const SparseView<TypeParam> x = matrix.view();
  const AlignedVector<TypeParam> full = dense(x);
  for (const std::size_t outputs : {1UL, 2UL, 3UL, 17UL}) {
    const auto w = test::random_values<TypeParam>(columns * outputs, 1);
    const auto terms = test::random_values<TypeParam>(outputs, 2);
    for (const bool with_terms : {false, true}) {
      const std::span<const TypeParam> added =
          with_terms ? std::span<const TypeParam>(terms) : std::span<const TypeParam>();
      AlignedVector<TypeParam> result(x.rows * outputs, std::numeric_limits<TypeParam>::quiet_NaN());
      multiply<TypeParam>(x, {w.data(), columns, outputs}, added, {result.data(), x.rows, outputs});
      for (std::size_t i = 0; i < x.rows; ++i) {
        for (std::size_t k = 0; k < outputs; ++k) {
          long double expected = with_terms ? terms[k] : 0;
          for (std::size_t j = 0; j < columns; ++j) {
            expected += static_cast<long double>(full[i * columns + j]) * w[j * outputs + k];
          }
          ASSERT_NEAR(result[i * outputs + k], static_cast<TypeParam>(expected), rounding<TypeParam>(21))
              << i << ", " << k << " of " << outputs;
        }
      }
    }
  }
}

TYPED_TEST(Sparse, AddsTheTransposedProduct) {
  const SparseMatrix<TypeParam> matrix = random_rows<TypeParam>(29);
  const SparseView<TypeParam> x = matrix.view();
  const AlignedVector<TypeParam> full = dense(x);
  for (const std::size_t outputs : {1UL, 2UL, 3UL, 17UL}) {
    const auto d = test::random_values<TypeParam>(x.rows * outputs, 3);
    AlignedVector<TypeParam> result(columns * outputs, TypeParam{1});
    add_transposed_product<TypeParam>(x, {d.data(), x.rows, outputs}, {result.data(), columns, outputs});
    for (std::size_t j = 0; j < columns; ++j) {
      for (std::size_t k = 0; k < outputs; ++k) {
        long double expected = 1;
        for (std::size_t i = 0; i < x.rows; ++i) {
          expected += static_cast<long double>(full[i * columns + j]) * d[i * outputs + k];
        }
        ASSERT_NEAR(result[j * outputs + k], static_cast<TypeParam>(expected), rounding<TypeParam>(30));
        if (j == 7) {
          ASSERT_EQ(result[j * outputs + k], 1);
        }
      }
    }
  }
}

TYPED_TEST(Sparse, ARowDoesNotDependOnItsPlace) {
  const SparseMatrix<TypeParam> matrix = random_rows<TypeParam>(29);
  const SparseView<TypeParam> x = matrix.view();
  std::vector<std::uint64_t> first;
  std::vector<std::uint64_t> last;
  for (std::size_t i = x.rows; i-- > 0;) {
    first.push_back(x.first[i]);
    last.push_back(x.last[i]);
  }
  const SparseView<TypeParam> reversed{first.data(), last.data(), x.indices, x.values, x.rows, x.columns};
  for (const std::size_t outputs : {1UL, 2UL, 17UL}) {
    const auto w = test::random_values<TypeParam>(columns * outputs + 1, 1);
    std::vector<TypeParam> whole(x.rows * outputs + 1);
    multiply<TypeParam>(x, {w.data(), columns, outputs}, {}, {whole.data(), x.rows, outputs});
    std::vector<TypeParam> other(x.rows * outputs + 1);
    multiply<TypeParam>(reversed, {w.data(), columns, outputs}, {}, {other.data() + 1, x.rows, outputs});
    for (std::size_t i = 0; i < x.rows; ++i) {
      ASSERT_EQ(std::memcmp(&whole[i * outputs], &other[1 + (x.rows - 1 - i) * outputs], outputs * sizeof(TypeParam)),
                0);
    }
    multiply<TypeParam>(x.middle_rows(5, 9), {w.data(), columns, outputs}, {}, {other.data() + 1, 9, outputs});
    ASSERT_EQ(std::memcmp(&whole[5 * outputs], other.data() + 1, 9 * outputs * sizeof(TypeParam)), 0);
  }
}

}  // namespace
}  // namespace cauchy::linear_algebra

// Symmetric positive semidefinite matrices.

#include "cauchy/linear_algebra/semidefinite.hpp"

#include <cmath>

namespace cauchy::linear_algebra {
namespace {

using Rows = std::vector<std::vector<double>>;  // lower triangles: row i has i + 1 elements or fewer

double dot(const std::vector<double>& a, const std::vector<double>& b, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

/// The solution of Lᵀ·x = b.
std::vector<double> solve_transposed(const Rows& factor, std::vector<double> b) {
  for (std::size_t i = factor.size(); i-- > 0;) {
    b[i] /= factor[i][i];
    for (std::size_t k = 0; k < i; ++k) {
      b[k] -= factor[i][k] * b[i];
    }
  }
  return b;
}

/// L⁻¹, lower triangular too.
Rows inverse_of(const Rows& factor) {
  Rows inverse;
  for (std::size_t i = 0; i < factor.size(); ++i) {
    std::vector<double> row(i + 1, 0.0);
    row[i] = 1;
    for (std::size_t k = 0; k < i; ++k) {
      for (std::size_t j = 0; j <= k; ++j) {
        row[j] -= factor[i][k] * inverse[k][j];
      }
    }
    for (double& value : row) {
      value /= factor[i][i];
    }
    inverse.push_back(std::move(row));
  }
  return inverse;
}

}  // namespace

SemidefiniteInverse invert_semidefinite(MatrixView<const double> lower, double tolerance) {
  const std::size_t n = lower.rows;
  SemidefiniteInverse result{std::vector<bool>(n, false), std::vector<double>(n * n, 0.0),
                             std::vector<double>(n * n, 0.0)};
  std::vector<double> length(n);
  for (std::size_t i = 0; i < n; ++i) {
    length[i] = std::sqrt(lower(i, i));
  }
  std::vector<std::size_t> kept;  // columns that depend on none before them
  Rows factor;                    // L of these: L·Lᵀ = A, scaled
  for (std::size_t j = 0; j < n; ++j) {
    std::vector<double> row;
    for (std::size_t i = 0; i < kept.size() && length[j] > 0; ++i) {
      const double scaled = lower(j, kept[i]) / (length[j] * length[kept[i]]);
      row.push_back((scaled - dot(row, factor[i], i)) / factor[i][i]);
    }
    const double rest = 1 - dot(row, row, row.size());
    if (length[j] > 0 && rest > tolerance) {
      row.push_back(std::sqrt(rest));
      factor.push_back(std::move(row));
      kept.push_back(j);
      continue;
    }
    result.dependent[j] = true;
    if (length[j] > 0) {
      const std::vector<double> parts = solve_transposed(factor, row);
      for (std::size_t i = 0; i < kept.size(); ++i) {
        result.combination[j * n + kept[i]] = parts[i] * length[j] / length[kept[i]];
      }
    }
  }
  // A⁻¹ = L⁻ᵀ·L⁻¹, row of L⁻¹ by row.
  for (const std::vector<double>& row : inverse_of(factor)) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      double* const target = result.inverse.data() + kept[i] * n;
      for (std::size_t k = 0; k < row.size(); ++k) {
        target[kept[k]] += row[i] * row[k];
      }
    }
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    for (std::size_t k = 0; k < kept.size(); ++k) {
      result.inverse[kept[i] * n + kept[k]] /= length[kept[i]] * length[kept[k]];
    }
  }
  return result;
}

}  // namespace cauchy::linear_algebra

#pragma once
/// Eigenvalues of symmetric matrices.

#include <vector>

#include "cauchy/linear_algebra/matrix_view.hpp"

namespace cauchy::linear_algebra {

/// A = Σ values[k]·v_k·v_kᵀ with orthonormal v_k.
struct SymmetricEigen {
  std::vector<double> values;   ///< (n), the largest first
  std::vector<double> vectors;  ///< (n × n), row k is v_k; its element of largest magnitude is positive
};

/// A, (n × n), is given by its lower triangle. For matrices of some hundreds of rows.
SymmetricEigen eigen_symmetric(MatrixView<const double> lower);

}  // namespace cauchy::linear_algebra

#pragma once
/// Symmetric positive semidefinite matrices that may be singular: Gram matrices, information.

#include <cstddef>
#include <vector>

#include "cauchy/linear_algebra/matrix_view.hpp"

namespace cauchy::linear_algebra {

/// The inverse of A = XᵀX with regard to those columns of X that do not depend on columns before them.
///
///     X = 1 0 1     column 2 = column 0 - column 1:    dependent    no no yes
///         1 1 0                                        inverse      that of columns 0 and 1, zeros in the last row and
///         column 1 1 0                                        combination  last row 1 -1 0, others zero
struct SemidefiniteInverse {
  std::vector<bool> dependent;      ///< (n)
  std::vector<double> inverse;      ///< (n × n)
  std::vector<double> combination;  ///< (n × n): row a of a dependent column a, of which columns it is the sum
};

/// A is given by its lower triangle, (n × n). A column depends on those before it where these leave less than
/// `tolerance` of its sum of squares. By Cholesky's method, columns in order, scaled to a unit diagonal; about n³
/// operations.
SemidefiniteInverse invert_semidefinite(MatrixView<const double> lower, double tolerance);

}  // namespace cauchy::linear_algebra

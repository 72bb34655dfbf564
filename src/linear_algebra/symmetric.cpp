// Eigenvalues of symmetric matrices, by Eigen.

#include "cauchy/linear_algebra/symmetric.hpp"

#include <Eigen/Eigenvalues>
#include <cmath>
#include <cstddef>
#include <stdexcept>

namespace cauchy::linear_algebra {

SymmetricEigen eigen_symmetric(MatrixView<const double> lower) {
  const auto n = static_cast<Eigen::Index>(lower.rows);
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(Eigen::Map<const Matrix>(lower.data, n, n));
  if (solver.info() != Eigen::Success) {
    throw std::runtime_error("no eigenvalues of a symmetric matrix were found");
  }
  SymmetricEigen result;
  for (Eigen::Index k = n; k-- > 0;) {  // Eigen's come in ascending order
    result.values.push_back(solver.eigenvalues()[k]);
    const auto vector = solver.eigenvectors().col(k);
    Eigen::Index largest = 0;
    vector.cwiseAbs().maxCoeff(&largest);
    const double sign = vector[largest] < 0 ? -1 : 1;
    for (const double element : vector) {
      result.vectors.push_back(sign * element);
    }
  }
  return result;
}

}  // namespace cauchy::linear_algebra

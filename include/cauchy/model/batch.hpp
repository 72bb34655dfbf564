#pragma once
/// Samples as the model sees them.

#include "cauchy/linear_algebra/matrix_view.hpp"
#include "cauchy/linear_algebra/sparse.hpp"

namespace cauchy::model {

/// Features of samples, (samples × inputs), either dense or sparse: the other of the two views is empty.
template <typename Real>
struct Features {
  linear_algebra::MatrixView<const Real> dense;
  linear_algebra::SparseView<Real> sparse;

  Features() = default;
  Features(const Real* data, std::size_t samples, std::size_t inputs) : dense{data, samples, inputs} {}
  // NOLINTNEXTLINE(google-explicit-constructor): a matrix is features
  Features(linear_algebra::MatrixView<const Real> matrix) : dense(matrix) {}
  // NOLINTNEXTLINE(google-explicit-constructor): as above
  Features(linear_algebra::MatrixView<Real> matrix) : dense(matrix) {}
  // NOLINTNEXTLINE(google-explicit-constructor): as above
  Features(linear_algebra::SparseView<Real> matrix) : sparse(matrix) {}

  bool are_sparse() const { return sparse.columns > 0; }
  std::size_t samples() const { return are_sparse() ? sparse.rows : dense.rows; }
  std::size_t inputs() const { return are_sparse() ? sparse.columns : dense.columns; }

  Features middle_rows(std::size_t first, std::size_t count) const {
    return are_sparse() ? Features(sparse.middle_rows(first, count)) : Features(dense.middle_rows(first, count));
  }
};

/// Features and targets of the same samples; samples are rows.
template <typename Real>
struct Batch {
  Features<Real> features;                         ///< (samples × inputs)
  linear_algebra::MatrixView<const Real> targets;  ///< (samples × target columns); a class is one column, 0, 1, ...

  std::size_t samples() const { return features.samples(); }
  Batch middle_rows(std::size_t first, std::size_t count) const {
    return {features.middle_rows(first, count), targets.middle_rows(first, count)};
  }
};

}  // namespace cauchy::model

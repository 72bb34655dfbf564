#pragma once
/// Samples as the model sees them.

#include <span>

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

/// What was observed of some samples, and how much each of them counts; samples are rows.
template <typename Real>
struct Observations {
  linear_algebra::MatrixView<const Real> targets;  ///< (samples × target columns); a class is one column, 0, 1, ...
  std::span<const Real> weights = {};              ///< (samples), nonnegative; empty: 1 each
  std::span<const Real> exposure = {};             ///< (samples), positive; empty: 1 each

  std::size_t samples() const { return targets.rows; }
  bool weighted() const { return !weights.empty(); }
  double weight(std::size_t sample) const { return weighted() ? static_cast<double>(weights[sample]) : 1; }

  /// Σ weights, in double in the order of the samples.
  double total_weight() const {
    double sum = weighted() ? 0 : static_cast<double>(samples());
    for (const Real value : weights) {
      sum += static_cast<double>(value);
    }
    return sum;
  }

  Observations middle_rows(std::size_t first, std::size_t count) const {
    const auto part = [first, count](std::span<const Real> all) {
      return all.empty() ? all : all.subspan(first, count);
    };
    return {targets.middle_rows(first, count), part(weights), part(exposure)};
  }
};

/// Features and observations of the same samples.
template <typename Real>
struct Batch {
  Features<Real> features;  ///< (samples × inputs)
  Observations<Real> observed;

  std::size_t samples() const { return features.samples(); }
  Batch middle_rows(std::size_t first, std::size_t count) const {
    return {features.middle_rows(first, count), observed.middle_rows(first, count)};
  }
};

}  // namespace cauchy::model

#pragma once
/// Samples as the model sees them.

#include "cauchy/linear_algebra/matrix_view.hpp"

namespace cauchy::model {

/// Features and targets of the same samples; samples are rows.
template <typename Real>
struct Batch {
  linear_algebra::MatrixView<const Real> features;  ///< (samples × inputs)
  linear_algebra::MatrixView<const Real> targets;   ///< (samples × target columns); a class is one column, 0, 1, ...

  std::size_t samples() const { return features.rows; }
  Batch middle_rows(std::size_t first, std::size_t count) const {
    return {features.middle_rows(first, count), targets.middle_rows(first, count)};
  }
};

}  // namespace cauchy::model

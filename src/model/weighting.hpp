#pragma once
/// Samples that count more or less than once.

#include <algorithm>

#include "cauchy/model/batch.hpp"

namespace cauchy::model {

/// What a sample adds to a sum: weight·value; nothing for weight 0, whatever the value.
template <typename Real>
double weighted(double value, const Observations<Real>& observed, std::size_t sample) {
  if (!observed.weighted()) {
    return value;
  }
  const double weight = observed.weight(sample);
  return weight == 0 ? 0 : weight * value;
}

/// The same for each row of a derivative.
template <typename Real>
void weigh_rows(const Observations<Real>& observed, linear_algebra::MatrixView<Real> derivative) {
  for (std::size_t i = 0; i < observed.weights.size(); ++i) {
    const Real weight = observed.weights[i];
    for (std::size_t k = 0; k < derivative.columns; ++k) {
      derivative(i, k) = weight == 0 ? Real{0} : weight * derivative(i, k);
    }
  }
}

}  // namespace cauchy::model

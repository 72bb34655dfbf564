#pragma once
/// What a model computes with beside Θ and a batch.

#include <cstddef>
#include <vector>

#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/bf16.hpp"
#include "cauchy/linear_algebra/product.hpp"

namespace cauchy::model {

/// Memory of one thread for passes of at most `samples` samples: what every layer puts out and keeps, and two buffers
/// for derivatives, which the layers use in turn, or three with residual blocks; and the rounded operands of products,
/// where they are rounded. Made by Model::workspace, used by one thread at a time.
template <typename Real>
struct Workspace {
  std::size_t samples = 0;
  std::vector<linear_algebra::AlignedVector<Real>> outputs;      ///< by layer, (samples × outputs)
  std::vector<linear_algebra::AlignedVector<Real>> kept;         ///< by layer, (samples × kept_columns)
  std::vector<linear_algebra::AlignedVector<Real>> derivatives;  ///< each (samples × the widest layer's outputs)
  /// By layer, (samples × inputs); empty for a layer without products, and for the first if features are sparse.
  std::vector<linear_algebra::AlignedVector<linear_algebra::Bf16>> rounded_inputs;
  linear_algebra::AlignedVector<linear_algebra::Bf16> rounded_derivative;  ///< of one layer at a time
  linear_algebra::Products<Real> products;
};

}  // namespace cauchy::model

#pragma once
/// Where a tensor's gradient goes as soon as it is complete.

#include <span>

#include "cauchy/linear_algebra/product.hpp"
#include "cauchy/model/layout.hpp"

namespace cauchy::model {

/// Receives the tensors of one gradient, last layer first, each once. The span holds the tensor alone and is valid
/// during the call.
template <typename Real>
class GradientSink {
 public:
  GradientSink() = default;
  GradientSink(const GradientSink&) = delete;
  GradientSink& operator=(const GradientSink&) = delete;
  virtual ~GradientSink() = default;

  virtual void complete(const Tensor& tensor, std::span<const Real> gradient) = 0;
};

/// Where the gradient of a batch goes, which may be a microbatch of a larger one.
template <typename Real>
struct GradientBuffer {
  std::span<Real> values;              ///< as long as Θ, on a 64-byte border
  linear_algebra::Write write;         ///< `overwrite` for the first microbatch, or `add`; padding is never written
  GradientSink<Real>* sink = nullptr;  ///< with the last microbatch
};

}  // namespace cauchy::model

#pragma once
/// Where a tensor's gradient goes as soon as it is complete.

#include <span>

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

}  // namespace cauchy::model

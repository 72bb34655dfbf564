#pragma once
/// How the gradients of all shards become one.

#include <memory>
#include <span>

#include "cauchy/communication/channel.hpp"
#include "cauchy/model/gradient_sink.hpp"
#include "cauchy/model/layout.hpp"

namespace cauchy::training {

/// Sums the gradients of a step over all shards of all ranks. The rank's shards deliver their tensors one shard after
/// another (complete, from GradientSink). What travels, and when, is the implementation's business; the result is the
/// sum over all shards, divided by nothing.
///
///     reducer.begin();
///     ... complete() for each tensor of each shard that has samples in this step ...
///     std::span<const Real> sum = reducer.finish();            // Σ over all shards of all ranks
template <typename Real>
class Reducer : public model::GradientSink<Real> {
 public:
  /// Starts a step.
  virtual void begin() = 0;

  /// Collective. The global sum, (layout.padded_size()), zero in the padding; valid until begin().
  virtual std::span<const Real> finish() = 0;
};

/// The classic reduction: floating-point sums within the rank, then MPI_Allreduce. Its last bits depend on the number
/// of ranks, their library and its algorithm; for one of each they are reproducible. Memory: one vector of Θ's length.
/// Traffic: one allreduce of it.
template <typename Real>
std::unique_ptr<Reducer<Real>> make_float_reducer(const model::ParameterLayout& layout,
                                                  communication::Channel& channel);

}  // namespace cauchy::training

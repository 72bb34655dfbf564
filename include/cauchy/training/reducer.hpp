#pragma once
/// How the gradients of all shards become one.

#include <cstdint>
#include <memory>
#include <span>

#include "cauchy/communication/channel.hpp"
#include "cauchy/communication/shared_arrays.hpp"
#include "cauchy/model/gradient_sink.hpp"
#include "cauchy/model/layout.hpp"
#include "cauchy/reduction/blocks.hpp"
#include "cauchy/reduction/units.hpp"
#include "cauchy/reduction/width.hpp"
#include "cauchy/training/shares.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::training {

/// What came of the gradients that all shards have delivered; the same on every rank.
enum class Verdict {
  accepted,    ///< finish() and mean() give the gradient
  repeat,      ///< they do not fit the units that were expected: all shards deliver once more, and then they fit
  not_finite,  ///< fault() tells where
};

/// Where a gradient is not finite: the lowest shard, and in it the first tensor of the layout.
struct Fault {
  std::uint64_t shard = 0;
  std::size_t tensor = 0;
};

/// Sums the gradients of a step over all shards of all ranks. The threads of a rank deliver the tensors of their shards
/// through sinks, each shard once, at most one thread a sink at a time. What travels, and when, is the implementation's
/// business. All ranks call the collective functions in the same order.
///
///     do {
///       reducer.begin(shards);
///       ... reducer.sink(thread, shard).complete(tensor, gradient) for each tensor of each shard with samples ...
///     } while (reducer.examine() == Verdict::repeat);
///     reducer.finish();
///     ... reducer.mean(block, n, values) for each of reducer.blocks() ...      // Σ over all shards / n
template <typename Real>
class Reducer {
 public:
  Reducer() = default;
  Reducer(const Reducer&) = delete;
  Reducer& operator=(const Reducer&) = delete;
  virtual ~Reducer() = default;

  /// Starts a step, or its repetition. `shards`: how many of this rank have samples in it.
  virtual void begin(std::uint64_t shards) = 0;

  /// Where a thread delivers the gradient of a shard; valid until the thread's next shard.
  virtual model::GradientSink<Real>& sink(std::size_t thread, std::uint64_t shard) = 0;

  /// Collective. After all shards have delivered.
  virtual Verdict examine() = 0;

  /// Collective. After the verdict not_finite.
  virtual Fault fault() = 0;

  /// Collective. After the verdict accepted: adds over the ranks.
  virtual void finish() = 0;

  /// What mean() writes at a time: the layout alone decides.
  virtual const reduction::Blocks& blocks() const = 0;

  /// After finish(): the sum over all shards divided by `divisor`, of the elements of a block of the rank's share.
  /// Threads may ask for different blocks at the same time.
  virtual void mean(std::size_t block, double divisor, std::span<Real> values) const = 0;

  /// Collective. Communicator::exchange() of a vector of the layout. After mean(): the sum may be gone then.
  virtual void exchange(std::span<Real> values, std::span<const std::size_t> bounds) = 0;

  /// What the next step expects of the gradient, a part of the state of training; empty where nothing is expected.
  virtual const reduction::Units& units() const = 0;

  /// Collective. Between steps, or after the verdict and before finish(): brings the residuals of all shards, the other
  /// part of the state of training, to the root. Does nothing where there are none.
  virtual void gather(Residuals<Real>& /*on_root*/) {}

  /// Collective. Before the first step: goes on with the root's residuals. None stand for zeros, and get their size.
  virtual void scatter(Residuals<Real>& /*on_root*/) {}
};

/// What an exact reducer sums over ranks at a time.
inline constexpr std::size_t bucket_bytes = std::size_t{1} << 22;

/// The order-free sum: gradients rounded to integers, whose sum is the same whatever the ranks, threads and algorithms
/// (src/reduction/README.md). `units`: those of the state that training goes on from; empty at the start. `summands`:
/// the number of shards. Memory: an integer for each element of Θ. Traffic: allreduces of it in buckets, and
/// one of the blocks' maxima. Where the channel overlaps, a bucket leaves as soon as the last shard of the rank has
/// delivered it. `shared`: as many bytes as the sum has, padding included; then it lies there, no bucket travels, and
/// the channel must not overlap. With 16 bits, for float alone, there is error feedback: two vectors of Θ's length for
/// each shard of the rank beside. With divided `shares` each block is added up on the rank that updates it, and nowhere
/// else: half the traffic. Throws core::UserError if the units belong to another layout.
template <typename Real>
std::unique_ptr<Reducer<Real>> make_exact_reducer(const model::ParameterLayout& layout, communication::Channel& channel,
                                                  reduction::Width width, std::uint64_t summands, std::size_t threads,
                                                  const reduction::Units& units,
                                                  std::unique_ptr<communication::SharedArrays> shared = nullptr,
                                                  const Shares& shares = {});

/// The classic reduction: floating-point sums over the shards of a thread, the threads of a rank, then MPI_Allreduce.
/// Its last bits depend on the number of ranks and threads, the library and its algorithm; for one of each they are
/// reproducible. Memory: a vector of Θ's length for each thread. Traffic: one allreduce of it, and one of a number for
/// each tensor; every rank has all of the sum, whatever its share.
template <typename Real>
std::unique_ptr<Reducer<Real>> make_float_reducer(const model::ParameterLayout& layout, communication::Channel& channel,
                                                  std::uint64_t summands, std::size_t threads);

}  // namespace cauchy::training

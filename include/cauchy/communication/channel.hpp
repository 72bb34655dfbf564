#pragma once
/// The one path that all collectives of training take.

#include <span>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/core/timer.hpp"

namespace cauchy::communication {

/// Reduces arrays over ranks in the order in which they were started, the same order on every rank. A started array
/// must stay untouched until wait(). This channel works on the calling thread: start_sum() returns when the sum is
/// done. T: float, double, std::int32_t, std::int64_t.
class Channel {
 public:
  /// Adds the time that collectives take to seconds[Phase::communication].
  Channel(const Communicator& ranks, core::PhaseSeconds& seconds) : ranks_(ranks), seconds_(seconds) {}

  const Communicator& ranks() const { return ranks_; }

  /// Collective. Starts to replace the array by its elementwise sum over ranks.
  template <typename T>
  void start_sum(std::span<T> values);

  /// Collective. Starts to replace the array by its elementwise maximum over ranks. T: an integer, whose maximum does
  /// not depend on an order as that of numbers with NaN would.
  template <typename T>
  void start_maximum(std::span<T> values);

  /// Collective. Returns when all started reductions are complete.
  void wait() {}

 private:
  Communicator ranks_;
  core::PhaseSeconds& seconds_;
};

}  // namespace cauchy::communication

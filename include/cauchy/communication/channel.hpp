#pragma once
/// The one path that all collectives of training take.

#include <span>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/core/timer.hpp"

namespace cauchy::communication {

/// Sums arrays over ranks in the order in which they were started, the same order on every rank. A started array must
/// stay untouched until wait(). This channel works on the calling thread: start_sum() returns when the sum is done.
class Channel {
 public:
  /// Adds the time that collectives take to seconds[Phase::communication].
  Channel(const Communicator& ranks, core::PhaseSeconds& seconds) : ranks_(ranks), seconds_(seconds) {}

  /// Collective. Starts to replace the array by its elementwise sum over ranks. T: float, double.
  template <typename T>
  void start_sum(std::span<T> values);

  /// Collective. Returns when all started sums are complete.
  void wait() {}

 private:
  Communicator ranks_;
  core::PhaseSeconds& seconds_;
};

}  // namespace cauchy::communication

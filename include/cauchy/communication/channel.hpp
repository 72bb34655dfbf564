#pragma once
/// The one path that all collectives of training take.

#include <cstddef>
#include <memory>
#include <span>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/communication/shared_arrays.hpp"
#include "cauchy/core/timer.hpp"

namespace cauchy::communication {

class CommunicationThread;

/// What a channel's thread did beside the others.
struct OverlapSeconds {
  double communicating = 0;  ///< wall-clock time within collectives
  double processor = 0;      ///< time that the thread used a core for
  double waited = 0;         ///< what the calling thread waited for it, counted as communication
};

/// Reduces arrays over ranks, one after the other: all ranks ask for the same in the same order. T: float, double,
/// std::int32_t, std::int64_t; of maxima an integer, whose maximum does not depend on an order as that of numbers with
/// NaN would.
///
///     Channel channel(world, seconds, Overlap::on);
///     channel.start_sum(std::span(integers));      // goes on meanwhile; `integers` stay untouched until
///     channel.maximum(std::span(patterns));        // ... this, which comes after them, has returned
class Channel {
 public:
  enum class Overlap {
    off,  ///< what is started is done on the calling thread
    on    ///< on a thread of its own, which sleeps when there is nothing to do
  };

  /// Adds the time that the calling thread spends here to seconds[Phase::communication]. Overlap needs
  /// allows_communication_thread(); throws core::Error if the system gives no thread.
  Channel(const Communicator& ranks, core::PhaseSeconds& seconds, Overlap overlap);
  /// Ends the job if something is still under way: it uses memory that may go next, and other ranks may never join it.
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  const Communicator& ranks() const { return ranks_; }
  bool overlaps() const { return thread_ != nullptr; }

  /// Collective. Replaces the array by its elementwise sum over ranks.
  template <typename T>
  void sum(std::span<T> values);

  /// Collective. SharedArrays::sum().
  template <typename T>
  void sum(SharedArrays& arrays);

  /// Collective. SharedArrays::sum_part().
  template <typename T>
  void sum_part(SharedArrays& arrays, std::size_t first, std::size_t count);

  /// Collective. Communicator::exchange(), of float and double.
  template <typename T>
  void exchange(std::span<T> values, std::span<const std::size_t> bounds);
  /// SharedArrays::exchange().
  template <typename T>
  void exchange(SharedArrays& arrays, std::span<T> values, std::span<const std::size_t> bounds);

  /// Collective. Replaces the array by its elementwise maximum over ranks.
  template <typename T>
  void maximum(std::span<T> values);

  /// Collective. Starts to replace the array by its elementwise sum over ranks. It must stay untouched until wait(),
  /// sum() or maximum() return. With overlap, from any thread, and without waiting.
  template <typename T>
  void start_sum(std::span<T> values);

  /// Collective. The same, of integers, on one rank alone.
  template <typename T>
  void start_sum_on(int rank, std::span<T> values);

  /// Collective. Returns when all sums that were started are there. Throws what they threw.
  void wait();

  /// Whether a sum that was started is not there yet.
  bool is_busy() const;

  /// All zero without overlap.
  OverlapSeconds overlap_seconds() const;

 private:
  Communicator ranks_;
  core::PhaseSeconds& seconds_;
  std::unique_ptr<CommunicationThread> thread_;
  double waited_ = 0;
};

/// Whether this MPI may be called by one thread after the other.
bool allows_communication_thread();

}  // namespace cauchy::communication

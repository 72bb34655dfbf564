#pragma once
/// Sums over the ranks of one host, in memory that they share.

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "cauchy/communication/communicator.hpp"

namespace cauchy::communication {

/// An array of each rank, which all others can read and write: every rank adds up its part of all arrays, and writes
/// the sum into all of them. No message carries them, and no copy is made.
///
///     const auto arrays = SharedArrays::make(world, count * sizeof(std::int32_t));
///     ... every rank writes arrays->own() ...
///     world.barrier();                   // or any other collective
///     arrays->sum<std::int32_t>();       // all own() are the elementwise sum
class SharedArrays {
 public:
  /// Collective. Zeros, on a page border; nothing where ranks are alone, on several hosts, or where the system lets one
  /// of them not share memory. Memory: the ranks' arrays, no more, of which each rank sees all.
  static std::unique_ptr<SharedArrays> make(const Communicator& ranks, std::size_t bytes);
  ~SharedArrays();
  SharedArrays(const SharedArrays&) = delete;
  SharedArrays& operator=(const SharedArrays&) = delete;

  std::span<std::byte> own() const;

  /// Collective. Replaces all arrays by their elementwise sum, in the order of ranks. Every rank must have written its
  /// own before any of them calls this. T: an integer, of which own() holds a whole number.
  template <typename T>
  void sum();

  /// Collective. Replaces so many elements of own(), from the first on, by their sums. The parts of ranks have no
  /// element in common.
  template <typename T>
  void sum_part(std::size_t first, std::size_t count);

  /// Whether every part of an array with these bounds, as in Communicator::exchange(), has room in own().
  template <typename T>
  bool holds(std::span<const std::size_t> bounds) const;

  /// Collective. Communicator::exchange(), of float and double that these arrays hold, which lose what they had.
  template <typename T>
  void exchange(std::span<T> values, std::span<const std::size_t> bounds);

 private:
  class Mapping;
  template <typename T, typename Take>
  void add_up(std::size_t first, std::size_t last, Take take) const;
  SharedArrays(const Communicator& ranks, std::vector<Mapping> arrays);

  Communicator ranks_;
  std::vector<Mapping> arrays_;  ///< by rank
};

}  // namespace cauchy::communication

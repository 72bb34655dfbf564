#pragma once
/// Typed collectives over all ranks of a job. Every MPI return code is checked; a failure throws core::Error.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cauchy::communication {

/// A handle on a group of ranks; copies share it. The rank of lowest number is the root. T is float, double,
/// std::int32_t, std::int64_t or std::uint64_t. Any length: long arrays travel in pieces.
///
///     std::vector<double> loss(shards);        // rank 0: {3, 0}, rank 1: {0, 4}
///     world.sum<double>(loss);                 // everywhere: {3, 4}
class Communicator {
 public:
  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_root() const { return rank_ == 0; }

  /// Collective. Replaces the array by its elementwise sum over ranks. Twice the array's bytes leave each rank.
  template <typename T>
  void sum(std::span<T> values) const;

  /// Collective. The same on one rank alone; elsewhere the array stays as it is. Once its bytes leave each other rank.
  template <typename T>
  void sum_on(int rank, std::span<T> values) const;

  /// Collective. Replaces the array by its elementwise maximum over ranks.
  template <typename T>
  void maximum(std::span<T> values) const;

  /// Collective. Replaces the array by that of `source`.
  template <typename T>
  void broadcast(std::span<T> values, int source = 0) const;

  /// Collective. Elements [bounds[r], bounds[r + 1]) of the array are those of rank r; brings them to all ranks. The
  /// bounds ascend, from 0 to the length.
  template <typename T>
  void exchange(std::span<T> values, std::span<const std::size_t> bounds) const;

  /// Collective. Brings them to the root's array `whole` from arrays `own`; `whole` is empty elsewhere.
  template <typename T>
  void gather(std::span<const T> own, std::span<T> whole, std::span<const std::size_t> bounds) const;

  /// Collective. The other way.
  template <typename T>
  void scatter(std::span<const T> whole, std::span<T> own, std::span<const std::size_t> bounds) const;

  /// Collective. Replaces the text, of any length, by that of `source`.
  void broadcast(std::string& text, int source = 0) const;

  /// Collective. The texts of all ranks, of any lengths, in the order of ranks, on the root; nothing elsewhere.
  std::vector<std::string> gather(const std::string& text) const;

  /// Collective. Returns when all ranks have arrived.
  void barrier() const;

  /// Ends every rank of the job with this exit code, after an error that this rank has told.
  [[noreturn]] void abort(int exit_code) const noexcept;

 private:
  friend class Session;
  friend void start_watchdog(const Communicator& ranks, double seconds);
  friend int ranks_of_this_host(const Communicator& ranks);
  struct Handle;
  Communicator();

  std::shared_ptr<Handle> handle_;
  int rank_ = 0;
  int size_ = 1;
};

/// Collective. How many of the ranks run on the host of this one.
int ranks_of_this_host(const Communicator& ranks);

/// Collective. Whether the ranks run on more than one host: not all of them can share memory.
bool spans_hosts(const Communicator& ranks);

/// What MPI calls the machine that this process runs on.
std::string host_name();

}  // namespace cauchy::communication

#pragma once
/// The thread on which sums over ranks go on while others compute.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "cauchy/communication/communicator.hpp"

namespace cauchy::communication {

/// Does sums one after the other, in the order in which they were started; sleeps when there are none. After one that
/// failed it does no more.
class CommunicationThread {
 public:
  explicit CommunicationThread(const Communicator& ranks);
  ~CommunicationThread();
  CommunicationThread(const CommunicationThread&) = delete;
  CommunicationThread& operator=(const CommunicationThread&) = delete;

  /// Collective. From any thread; all ranks start the same sums in the same order.
  template <typename T>
  void start_sum(std::span<T> values);
  template <typename T>
  void start_sum_on(int rank, std::span<T> values);

  /// Returns when nothing is left to do. Throws what a sum threw.
  void wait();

  bool is_busy() const;

  /// Of what has been done.
  double wall_seconds() const { return wall_seconds_; }
  double processor_seconds() const { return processor_seconds_; }

 private:
  struct Sum {
    void (*work)(const Communicator& ranks, const Sum& sum);
    void* data;
    std::size_t count;
    int rank;  ///< that alone has it in the end; without meaning where all have
  };

  void start(const Sum& sum);
  void serve();
  std::exception_ptr work_on(const Sum& sum) noexcept;

  Communicator ranks_;
  mutable std::mutex mutex_;  ///< of what follows, up to the thread
  std::condition_variable started_;
  std::condition_variable finished_;
  std::vector<Sum> sums_;  ///< started since all was done
  std::size_t done_ = 0;   ///< how many of them
  bool ends_ = false;
  std::exception_ptr failure_;
  std::atomic<double> wall_seconds_ = 0;
  std::atomic<double> processor_seconds_ = 0;
  std::thread thread_;
};

}  // namespace cauchy::communication

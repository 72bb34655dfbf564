#pragma once
/// The thread of the watchdog. Private to communication.

#include <atomic>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "cauchy/communication/diagnosis.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/timer.hpp"
#include "link.hpp"
#include "meeting.hpp"
#include "socket.hpp"

namespace cauchy::communication {

/// Tells the peers how this process goes, hears how they go, and ends the job when it does not go on. The root has all
/// other ranks as peers and judges; these have the root, and judge a little later, for when it cannot.
///
///     Watch watch(ranks, 600, meet(ranks, ...))     peers of rank 0: {1, 2, 3}; of rank 2: {0}; of a rank alone: {}
class Watch {
 public:
  Watch(const Communicator& ranks, double seconds, std::vector<Peer> peers);
  /// Says farewell; but after an error, while it unwinds the stack, that this process fails.
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Says that this process fails, and watches no more.
  void fail() noexcept;

 private:
  enum class Fate { present, left, failing, lost };
  struct Watched {
    Peer peer;
    Fate fate = Fate::present;
    Message last;
    double unheard_seconds = 0;
  };

  void run();
  void sleep(double seconds) const;
  void watch_own_progress(double elapsed);
  void hear(double elapsed);
  void receive(const Message& message, Watched& from);
  void speak(MessageKind kind) noexcept;
  void judge();
  bool any(Fate fate) const;
  std::vector<RankStatus> statuses(Fate fate) const;
  RankStatus own_status() const;
  void stop() noexcept;
  template <typename Words>
  [[noreturn]] void end_job(Words words);

  int rank_;
  std::string host_;
  double limit_seconds_;     ///< of the user
  double patience_seconds_;  ///< of this rank
  double stagger_seconds_;   ///< by which this rank judges later than rank 1
  double interval_seconds_;  ///< between reports
  std::vector<Watched> watched_;
  int exceptions_at_start_;

  // Seconds on a clock that stands still while this thread does not run.
  double own_quiet_ = 0;      ///< since progress here
  double quiet_ = 0;          ///< since progress anywhere, as far as this rank knows
  double doubt_seconds_ = 0;  ///< since a peer was lost or said that it fails
  std::uint64_t own_progress_ = 0;

  Socket waker_;   ///< an event that ends sleep
  Socket events_;  ///< epoll: the waker, and the ends of connections
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace cauchy::communication

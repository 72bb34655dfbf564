// The thread of the watchdog.

#include "watch.hpp"

#include <mpi.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <exception>

#include "cauchy/core/error.hpp"
#include "last_resort.hpp"

namespace cauchy::communication {
namespace {

// A process that is seen to have died has this long to turn out as one that all of the job dies with.
constexpr double death_seconds = 0.5;
// A process that fails tells why and ends the job; if that does not help within this time, others do.
constexpr double failing_seconds = 3;

constexpr double shortest_interval = 0.1;
constexpr double longest_interval = 0.25;
constexpr double intervals_a_limit = 20;
constexpr double most_reports_a_second = 2000;  // that the root is troubled with

double interval(double limit_seconds, int ranks) {
  return std::clamp(limit_seconds / intervals_a_limit, shortest_interval,
                    std::max(longest_interval, ranks / most_reports_a_second));
}

/// Without the root, rank 1 speaks, and the launcher has time to end the others; where it does not, or rank 1 is lost
/// too, ranks 2 and 3 speak next, then 4 to 7, ...: not all at once.
double stagger(int rank) {
  return rank < 2 ? 0 : 1.5 + 0.25 * std::bit_width(static_cast<unsigned>(rank));
}

void add_event(const Socket& events, const Socket& source, std::uint32_t which) {
  epoll_event event{};
  event.events = which;
  if (::epoll_ctl(events.number(), EPOLL_CTL_ADD, source.number(), &event) != 0) {
    fail_with("epoll_ctl", errno);
  }
}

/// A thread that leaves all signals to the others.
template <typename Work>
std::thread quiet_thread(Work work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(work));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

void say(const std::string& line) {
  // In one piece: other ranks may be talking too. Nothing is left to do if it cannot be said.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

Watch::Watch(const Communicator& ranks, double seconds, std::vector<Peer> peers)
    : rank_(ranks.rank()),
      host_(host_name()),
      limit_seconds_(seconds),
      patience_seconds_(seconds + stagger(ranks.rank())),
      stagger_seconds_(stagger(ranks.rank())),
      interval_seconds_(interval(seconds, ranks.size())),
      exceptions_at_start_(std::uncaught_exceptions()),
      own_progress_(core::activity().progress),
      waker_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      events_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!waker_.is_open() || !events_.is_open()) {
    fail_with("eventfd or epoll_create1", errno);
  }
  if (rank_ > 0 && !peers.empty()) {
    patience_seconds_ += 0.1 * seconds + 1;  // the root goes first
  }
  add_event(events_, waker_, EPOLLIN);
  for (Peer& peer : peers) {
    add_event(events_, peer.link.socket(), EPOLLRDHUP);  // not EPOLLIN: reports can wait, a death cannot
    watched_.push_back({std::move(peer), Fate::present, {}, 0});
  }
  thread_ = quiet_thread([this] { run(); });
}

Watch::~Watch() {
  stop();
  speak(std::uncaught_exceptions() > exceptions_at_start_ ? MessageKind::failing : MessageKind::farewell);
}

void Watch::fail() noexcept {
  stop();
  speak(MessageKind::failing);
}

void Watch::stop() noexcept {
  if (!thread_.joinable()) {
    return;
  }
  stopping_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(waker_.number(), &one, sizeof one);
  thread_.join();
}

void Watch::run() {
  core::Timer lap;
  speak(MessageKind::report);
  while (!stopping_) {
    const bool in_doubt = any(Fate::lost) || any(Fate::failing);
    const double planned = in_doubt ? shortest_interval : interval_seconds_;
    sleep(planned);
    // While the whole job is suspended this thread is too: such a time is no silence.
    const double elapsed = std::min(lap.seconds(), 2 * planned);
    lap.restart();
    doubt_seconds_ += in_doubt ? elapsed : 0;
    watch_own_progress(elapsed);
    hear(elapsed);
    speak(MessageKind::report);
    judge();
  }
}

/// Until the time is over, a connection ends, or stop() is called.
void Watch::sleep(double seconds) const {
  epoll_event event{};
  ::epoll_wait(events_.number(), &event, 1, static_cast<int>(1000 * seconds));
}

void Watch::watch_own_progress(double elapsed) {
  own_quiet_ += elapsed;
  quiet_ += elapsed;
  const std::uint64_t progress = core::activity().progress;
  if (progress != own_progress_) {
    own_progress_ = progress;
    own_quiet_ = 0;
    quiet_ = 0;
  }
}

void Watch::hear(double elapsed) {
  for (Watched& one : watched_) {
    if (!one.peer.link.is_open()) {
      continue;
    }
    one.unheard_seconds += elapsed;
    const bool open = one.peer.link.receive([&](const Message& message) { receive(message, one); });
    if (!open && one.fate == Fate::present) {
      one.fate = Fate::lost;
    }
    if (!open || one.fate == Fate::left) {
      one.peer.link.close();
    }
  }
}

void Watch::receive(const Message& message, Watched& from) {
  if (message.kind != MessageKind::failing) {  // which is about what the process did before
    from.last = message;
  }
  from.unheard_seconds = 0;
  quiet_ = std::min(quiet_, message.quiet_seconds);
  if (message.kind == MessageKind::farewell) {
    from.fate = Fate::left;
  } else if (message.kind == MessageKind::failing) {
    from.fate = Fate::failing;
  }
}

void Watch::speak(MessageKind kind) noexcept {
  const core::Activity activity = core::activity();
  Message message;
  message.kind = kind;
  message.waits = activity.waits ? 1 : 0;
  message.step = activity.step;
  message.collectives = activity.collectives;
  message.quiet_seconds = rank_ == 0 ? quiet_ : own_quiet_;
  std::strncpy(message.operation.data(), activity.operation, message.operation.size() - 1);
  for (Watched& one : watched_) {
    if (one.peer.link.is_open()) {
      one.peer.link.send(message);
    }
  }
}

void Watch::judge() {
  if (any(Fate::failing)) {
    if (doubt_seconds_ >= failing_seconds + stagger_seconds_) {
      end_job([this] {
        // What the root says of itself needs no repetition.
        return rank_ != 0 ? std::string()
                          : "the job has not ended after the error of " + names(statuses(Fate::failing));
      });
    }
    return;
  }
  if (any(Fate::lost) && doubt_seconds_ >= death_seconds + stagger_seconds_) {
    end_job([this] { return death_text(statuses(Fate::lost)); });
  }
  if (quiet_ >= patience_seconds_) {
    end_job([this] {
      std::vector<RankStatus> all = statuses(Fate::present);
      all.insert(all.begin() + (rank_ > 0 && !all.empty() ? 1 : 0), own_status());
      return silence_text(quiet_, limit_seconds_, all);
    });
  }
}

bool Watch::any(Fate fate) const {
  return std::ranges::any_of(watched_, [fate](const Watched& one) { return one.fate == fate; });
}

std::vector<RankStatus> Watch::statuses(Fate fate) const {
  std::vector<RankStatus> result;
  for (const Watched& one : watched_) {
    if (one.fate == fate) {
      result.push_back({one.peer.rank, one.peer.host, one.last.step, one.last.collectives, one.last.operation.data(),
                        one.last.waits != 0, one.unheard_seconds});
    }
  }
  return result;
}

RankStatus Watch::own_status() const {
  const core::Activity activity = core::activity();
  return {rank_, host_, activity.step, activity.collectives, activity.operation, activity.waits, 0};
}

/// words() makes the message, if there is one; memory or a lock may be what is broken, so the end is sure before that.
template <typename Words>
void Watch::end_job(Words words) {
  limit_abort(static_cast<int>(core::ExitCode::lost));
  if (const std::string text = words(); !text.empty()) {
    say("cauchy: error: " + (rank_ == 0 ? "" : "rank " + std::to_string(rank_) + ": ") + text + "\n");
  }
  speak(MessageKind::failing);
  MPI_Abort(MPI_COMM_WORLD, static_cast<int>(core::ExitCode::lost));
  for (;;) {
    ::pause();
  }
}

}  // namespace cauchy::communication

// The end of a job that cannot go on.

#include "cauchy/communication/watchdog.hpp"

#include <utility>

#include "communicator_handle.hpp"
#include "meeting.hpp"
#include "watch.hpp"

namespace cauchy::communication {

void start_watchdog(const Communicator& ranks, double seconds) {
  if (seconds <= 0 || ranks.handle_->watch) {
    return;
  }
  std::vector<Peer> peers;
  if (ranks.size() > 1) {
    const Watch alone(ranks, seconds + meeting_seconds, {});  // over what follows
    peers = meet(ranks,
                 "now each rank watches only itself, and one that waits for others longer than "
                 "run.watchdog_seconds ends the job: raise it if single ranks may work that long");
  }
  ranks.handle_->watch = std::make_unique<Watch>(ranks, seconds, std::move(peers));
}

}  // namespace cauchy::communication

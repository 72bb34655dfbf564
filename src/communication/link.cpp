// A connection that carries messages of one kind.

#include "link.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <type_traits>

namespace cauchy::communication {

static_assert(std::is_trivially_copyable_v<Message>);

/// Whether the last message is out.
bool Link::flush() noexcept {
  while (sent_ < sizeof outgoing_) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&outgoing_) + sent_;
    const ssize_t count = ::send(socket_.number(), bytes, sizeof outgoing_ - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno != EINTR) {
      return false;  // full; or broken, which receive() finds
    }
    sent_ += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  return true;
}

void Link::send(const Message& message) noexcept {
  if (!flush()) {
    return;
  }
  outgoing_ = message;
  sent_ = 0;
  flush();
}

Link::Arrival Link::fill() noexcept {
  while (received_ < sizeof incoming_) {
    auto* bytes = reinterpret_cast<std::byte*>(&incoming_) + received_;
    const ssize_t count = ::recv(socket_.number(), bytes, sizeof incoming_ - received_, MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      const bool empty = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
      return empty ? Arrival::nothing : Arrival::end;
    }
    received_ += static_cast<std::size_t>(count);
  }
  received_ = 0;
  return Arrival::complete;
}

}  // namespace cauchy::communication

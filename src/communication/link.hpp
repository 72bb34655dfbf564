#pragma once
/// A connection that carries messages of one kind. Private to communication.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "socket.hpp"

namespace cauchy::communication {

enum class MessageKind : std::uint32_t {
  report,    ///< how it goes
  farewell,  ///< the work is done, the process ends
  failing,   ///< an error ends the process, which has told it or will
};

/// What ranks tell each other, as it lies in memory: all hosts of a job are of one architecture.
struct Message {
  MessageKind kind = MessageKind::report;
  std::uint32_t waits = 0;
  std::uint64_t step = 0;
  std::uint64_t collectives = 0;
  double quiet_seconds = 0;  ///< without progress: of a rank its own, of the root that of all ranks
  std::array<char, 48> operation{};
};

/// Never blocks. A message that finds the way full is dropped: the next one says the same, and more.
class Link {
 public:
  explicit Link(Socket socket) : socket_(std::move(socket)) {}

  const Socket& socket() const { return socket_; }
  bool is_open() const { return socket_.is_open(); }
  void close() noexcept { socket_.close(); }

  void send(const Message& message) noexcept;

  /// Calls handle(message) for each one that has come. False if the other side has closed, or the way is broken.
  template <typename Handle>
  bool receive(Handle handle) {
    for (;;) {
      const Arrival arrival = fill();
      if (arrival != Arrival::complete) {
        return arrival == Arrival::nothing;
      }
      handle(std::as_const(incoming_));
    }
  }

 private:
  enum class Arrival { complete, nothing, end };
  Arrival fill() noexcept;
  bool flush() noexcept;

  Socket socket_;
  Message incoming_;
  Message outgoing_;
  std::size_t received_ = 0;            ///< bytes of incoming_
  std::size_t sent_ = sizeof(Message);  ///< bytes of outgoing_
};

}  // namespace cauchy::communication

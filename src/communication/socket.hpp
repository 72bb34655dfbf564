#pragma once
/// Sockets of TCP: owned, non-blocking, with time limits. Private to communication.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cauchy::communication {

/// An open file descriptor.
class Socket {
 public:
  explicit Socket(int number = -1) : number_(number) {}
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  void close() noexcept;

 private:
  int number_;  ///< -1: closed
};

using Deadline = std::chrono::steady_clock::time_point;
Deadline deadline_after(double seconds);

/// Throws core::Error with the system's reason.
[[noreturn]] void fail_with(const std::string& call, int error);

/// Listens on a free port of all addresses of this host, IPv6 too where there is such. Throws core::Error.
Socket listen_anywhere();
std::uint16_t port_of(const Socket& socket);

/// The addresses of this host as numbers: loopback first, none of those that need a network card's name. Throws
/// core::Error.
std::vector<std::string> own_addresses();

/// A connection that came in, or a closed socket if none does before the deadline.
Socket accept_before(Deadline deadline, const Socket& listener);

struct Attempt {
  Socket socket;  ///< closed where it failed
  int error = 0;  ///< errno's number of the reason
};
Attempt connect_before(Deadline deadline, const std::string& address, std::uint16_t port);

/// Whether all bytes went out, or came in, before the deadline. For the few bytes of a new connection.
bool send_whole(const Socket& socket, std::span<const std::byte> bytes);
bool receive_whole(Deadline deadline, const Socket& socket, std::span<std::byte> bytes);

}  // namespace cauchy::communication

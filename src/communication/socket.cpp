// Sockets of TCP.

#include "socket.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include "cauchy/core/error.hpp"

namespace cauchy::communication {
namespace {

constexpr int backlog = 4096;  // all ranks come at once; the system may cut it down

/// Whether one of the events came before the deadline.
bool wait_for(Deadline deadline, int number, short events) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd wish{number, events, 0};
    const int ready = ::poll(&wish, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready > 0 || (ready == 0 && left.count() <= 0) || (ready < 0 && errno != EINTR)) {
      return ready > 0;
    }
  }
}

/// One listener for both families of addresses, or for the older one.
Socket listen_on(int family) {
  Socket socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in6 any_6{};
  any_6.sin6_family = AF_INET6;
  sockaddr_in any_4{};
  any_4.sin_family = AF_INET;
  const int both = 0;
  const bool is_6 = family == AF_INET6;
  const auto* address = is_6 ? reinterpret_cast<const sockaddr*>(&any_6) : reinterpret_cast<const sockaddr*>(&any_4);
  const socklen_t length = is_6 ? sizeof any_6 : sizeof any_4;
  if (!socket.is_open() ||
      (is_6 && ::setsockopt(socket.number(), IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both) != 0) ||
      ::bind(socket.number(), address, length) != 0 || ::listen(socket.number(), backlog) != 0) {
    const int error = errno;
    socket.close();
    errno = error;
  }
  return socket;
}

/// Empty for what is not an address of use to others.
std::string numeric_address(const ifaddrs& entry) {
  if (entry.ifa_addr == nullptr || (entry.ifa_flags & IFF_UP) == 0) {
    return "";
  }
  const int family = entry.ifa_addr->sa_family;
  if (family != AF_INET && family != AF_INET6) {
    return "";
  }
  if (family == AF_INET6) {
    const auto* address = reinterpret_cast<const sockaddr_in6*>(entry.ifa_addr);
    if (IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr) != 0) {
      return "";
    }
  }
  std::array<char, NI_MAXHOST> text{};
  const socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  const int code = ::getnameinfo(entry.ifa_addr, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return code == 0 ? text.data() : "";
}

/// Small messages leave at once.
void set_no_delay(const Socket& socket) {
  const int yes = 1;
  ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

}  // namespace

void Socket::close() noexcept {
  if (number_ >= 0) {
    ::close(std::exchange(number_, -1));
  }
}

Deadline deadline_after(double seconds) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(1000 * seconds));
}

void fail_with(const std::string& call, int error) {
  throw core::Error(core::ExitCode::internal_error, call + " failed: " + std::generic_category().message(error));
}

Socket listen_anywhere() {
  Socket socket = listen_on(AF_INET6);
  if (!socket.is_open()) {
    socket = listen_on(AF_INET);
  }
  if (!socket.is_open()) {
    fail_with("listen", errno);
  }
  return socket;
}

std::uint16_t port_of(const Socket& socket) {
  sockaddr_in6 address{};  // the port of an IPv4 address lies at the same place
  socklen_t length = sizeof address;
  if (::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    fail_with("getsockname", errno);
  }
  return ntohs(address.sin6_port);
}

std::vector<std::string> own_addresses() {
  ifaddrs* entries = nullptr;
  if (::getifaddrs(&entries) != 0) {
    fail_with("getifaddrs", errno);
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(entries, ::freeifaddrs);
  std::vector<std::string> loopback;
  std::vector<std::string> others;
  for (const ifaddrs* entry = entries; entry != nullptr; entry = entry->ifa_next) {
    const std::string text = numeric_address(*entry);
    if (!text.empty()) {
      ((entry->ifa_flags & IFF_LOOPBACK) != 0 ? loopback : others).push_back(text);
    }
  }
  loopback.insert(loopback.end(), others.begin(), others.end());
  return loopback;
}

Socket accept_before(Deadline deadline, const Socket& listener) {
  while (wait_for(deadline, listener.number(), POLLIN)) {
    Socket socket(::accept4(listener.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.is_open()) {
      set_no_delay(socket);
      return socket;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      fail_with("accept", errno);
    }
  }
  return Socket();
}

Attempt connect_before(Deadline deadline, const std::string& address, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return {Socket(), EAFNOSUPPORT};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  Socket socket(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) {
    return {Socket(), errno};
  }
  if (::connect(socket.number(), found->ai_addr, found->ai_addrlen) != 0) {
    if (errno != EINPROGRESS) {
      return {Socket(), errno};
    }
    if (!wait_for(deadline, socket.number(), POLLOUT)) {
      return {Socket(), ETIMEDOUT};
    }
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) {
      return {Socket(), error};
    }
  }
  set_no_delay(socket);
  return {std::move(socket), 0};
}

bool send_whole(const Socket& socket, std::span<const std::byte> bytes) {
  const ssize_t count = ::send(socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return count == static_cast<ssize_t>(bytes.size());
}

bool receive_whole(Deadline deadline, const Socket& socket, std::span<std::byte> bytes) {
  while (!bytes.empty() && wait_for(deadline, socket.number(), POLLIN)) {
    const ssize_t count = ::recv(socket.number(), bytes.data(), bytes.size(), 0);
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) {
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(std::max<ssize_t>(0, count)));
  }
  return bytes.empty();
}

}  // namespace cauchy::communication

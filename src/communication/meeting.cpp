// How ranks find the root: it listens, MPI tells all where, and they connect.

#include "meeting.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <random>
#include <sstream>
#include <thread>
#include <type_traits>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::communication {
namespace {

constexpr double attempt_seconds = 2;  // for one address

// Strangers may knock at an open port: a rank knows one number, and the root another.
struct Secrets {
  std::uint64_t of_ranks = 0;
  std::uint64_t of_root = 0;
};

/// What a rank says first. The root answers with its secret.
struct Introduction {
  std::uint64_t secret = 0;
  std::int64_t rank = 0;
  std::array<char, 64> host{};
};
static_assert(std::is_trivially_copyable_v<Introduction>);

template <typename T>
bool send(const Socket& socket, const T& value) {
  return send_whole(socket, std::as_bytes(std::span(&value, 1)));
}

template <typename T>
bool receive(Deadline deadline, const Socket& socket, T& value) {
  return receive_whole(deadline, socket, std::as_writable_bytes(std::span(&value, 1)));
}

struct Invitation {
  Secrets secrets;
  std::uint16_t port = 0;
  std::string host;
  std::vector<std::string> addresses;

  std::string text() const {
    std::ostringstream out;
    out << secrets.of_ranks << ' ' << secrets.of_root << ' ' << port << ' ' << host;
    for (const std::string& address : addresses) {
      out << ' ' << address;
    }
    return out.str();
  }

  static Invitation from_text(const std::string& text) {
    Invitation invitation;
    std::istringstream in(text);
    in >> invitation.secrets.of_ranks >> invitation.secrets.of_root >> invitation.port >> invitation.host;
    for (std::string address; in >> address;) {
      invitation.addresses.push_back(address);
    }
    return invitation;
  }
};

std::uint64_t random_number() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

/// A socket for each rank, beside what the program opens.
void allow_sockets(int ranks) {
  rlimit limit{};
  const rlim_t needed = static_cast<rlim_t>(ranks) + 256;
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < needed) {
    limit.rlim_cur = std::min(limit.rlim_max, needed);
    ::setrlimit(RLIMIT_NOFILE, &limit);  // if it is refused, accept() tells
  }
}

/// The root: all that come before the deadline and know the secret.
std::vector<Peer> welcome(const Socket& listener, const Secrets& secrets, std::size_t count) {
  const Deadline deadline = deadline_after(meeting_seconds);
  std::map<int, Peer> peers;  // by rank: who lost the answer comes again
  while (peers.size() < count) {
    Socket socket = accept_before(deadline, listener);
    if (!socket.is_open()) {
      break;
    }
    Introduction introduction;
    if (!receive(deadline_after(attempt_seconds / 2), socket, introduction) ||
        introduction.secret != secrets.of_ranks || !send(socket, secrets.of_root)) {
      continue;
    }
    introduction.host.back() = '\0';
    const int rank = static_cast<int>(introduction.rank);
    peers.insert_or_assign(rank, Peer{rank, introduction.host.data(), Link(std::move(socket))});
  }
  std::vector<Peer> result;
  result.reserve(peers.size());
  for (auto& [rank, peer] : peers) {
    result.push_back(std::move(peer));
  }
  return result;
}

/// Whether the other end is the root.
bool introduce(const Socket& socket, Deadline deadline, const Secrets& secrets, int rank, const std::string& host) {
  Introduction introduction{secrets.of_ranks, rank, {}};
  std::copy_n(host.data(), std::min(host.size(), introduction.host.size() - 1), introduction.host.data());
  std::uint64_t answer = 0;
  return send(socket, introduction) && receive(deadline, socket, answer) && answer == secrets.of_root;
}

/// Another rank: the root, at the first of its addresses that answers. Throws core::Error.
Peer visit(const Invitation& invitation, int rank) {
  const std::string host = host_name();
  std::map<std::string, std::string> reasons;
  for (const Deadline end = deadline_after(meeting_seconds); std::chrono::steady_clock::now() < end;) {
    for (const std::string& address : invitation.addresses) {
      const Deadline deadline = std::min(end, deadline_after(attempt_seconds));
      Attempt attempt = connect_before(deadline, address, invitation.port);
      if (attempt.socket.is_open() && introduce(attempt.socket, deadline, invitation.secrets, rank, host)) {
        return Peer{0, invitation.host, Link(std::move(attempt.socket))};
      }
      reasons[address] = attempt.socket.is_open() ? "no answer" : std::generic_category().message(attempt.error);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  std::string text;
  for (const auto& [address, reason] : reasons) {
    text.append(text.empty() ? "" : ", ").append(address).append(": ").append(reason);
  }
  throw core::Error(core::ExitCode::internal_error, "rank " + std::to_string(rank) + " (" + host +
                                                        ") cannot reach rank 0 (" + invitation.host + ") over TCP (" +
                                                        text + ")");
}

}  // namespace

std::vector<Peer> meet(const Communicator& ranks, const std::string& consequence) {
  std::vector<Peer> peers;
  try {
    Socket listener;
    std::string invitation;
    agree_on_root(ranks, [&] {
      allow_sockets(ranks.size());
      listener = listen_anywhere();
      invitation =
          Invitation{{random_number(), random_number()}, port_of(listener), host_name(), own_addresses()}.text();
    });
    ranks.broadcast(invitation);
    agree(ranks, [&] {
      const Invitation place = Invitation::from_text(invitation);
      if (ranks.is_root()) {
        peers = welcome(listener, place.secrets, static_cast<std::size_t>(ranks.size() - 1));
      } else {
        peers.push_back(visit(place, ranks.rank()));
      }
    });
  } catch (const core::Error& error) {
    if (!error.agreed()) {
      throw;
    }
    peers.clear();
    if (ranks.is_root()) {
      std::cerr << "cauchy: warning: " << error.what() << "; " << consequence << std::endl;
    }
  }
  return peers;
}

}  // namespace cauchy::communication

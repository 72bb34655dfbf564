#pragma once
/// How ranks find the root outside MPI. Private to communication.

#include <string>
#include <vector>

#include "cauchy/communication/communicator.hpp"
#include "link.hpp"

namespace cauchy::communication {

/// In which all ranks have to reach the root.
inline constexpr double meeting_seconds = 10;

/// Another rank, and the way to it.
struct Peer {
  int rank = 0;
  std::string host;
  Link link;
};

/// Collective. Connects every rank with the root: gives the root all others, and each of these the root. If one of them
/// cannot reach it, no rank gets any, and the root warns, ending with `consequence`.
std::vector<Peer> meet(const Communicator& ranks, const std::string& consequence);

}  // namespace cauchy::communication

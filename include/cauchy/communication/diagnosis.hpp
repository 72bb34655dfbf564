#pragma once
/// Which ranks keep a job from going on, in words.

#include <cstdint>
#include <span>
#include <string>

namespace cauchy::communication {

/// What was last heard of a rank.
struct RankStatus {
  int rank = 0;
  std::string host;
  std::uint64_t step = 0;         ///< that it computes; 0: none yet
  std::uint64_t collectives = 0;  ///< that it has started
  std::string operation;
  bool waits = false;          ///< whether the operation is a collective
  double unheard_seconds = 0;  ///< since the last word from it
};

/// "rank 2 (node17, at step 41, computing gradients), rank 3 (...)", and how many more there are if they are many.
std::string names(std::span<const RankStatus> ranks);

/// "rank 2 (...) has died: ...", for one rank or several.
std::string death_text(std::span<const RankStatus> dead);

/// Names the ranks at fault after so many seconds without progress, and what the others wait for. At fault are those
/// that are silent or work alone; if all wait, those that are a collective behind. `limit_seconds` is that of the user.
std::string silence_text(double quiet_seconds, double limit_seconds, std::span<const RankStatus> ranks);

}  // namespace cauchy::communication

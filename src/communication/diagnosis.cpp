// Which ranks keep a job from going on, in words.

#include "cauchy/communication/diagnosis.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace cauchy::communication {
namespace {

// Ranks that are named one by one; more do not help to find the fault.
constexpr std::size_t most_named = 8;

std::string seconds_text(double seconds) {
  return std::to_string(std::lround(seconds)) + " s";
}

std::string step_text(const RankStatus& status) {
  return status.step == 0 ? "before the first step" : "at step " + std::to_string(status.step);
}

/// "rank 2 (node17, at step 41, computing gradients)"
std::string name(const RankStatus& status) {
  return "rank " + std::to_string(status.rank) + " (" + status.host + ", " + step_text(status) + ", " +
         (status.waits ? "waiting in " : "") + status.operation + ")";
}

std::string verb(std::span<const RankStatus> ranks, const char* singular, const char* plural) {
  return ranks.size() == 1 ? singular : plural;
}

std::vector<RankStatus> chosen(std::span<const RankStatus> ranks, const std::function<bool(const RankStatus&)>& is) {
  std::vector<RankStatus> result;
  std::ranges::copy_if(ranks, std::back_inserter(result), is);
  return result;
}

/// "the other 3 ranks wait in MPI_Allreduce at step 41", by the first of them.
std::string waiting_text(std::span<const RankStatus> waiting, bool all) {
  const RankStatus& first = waiting.front();
  const std::string who =
      waiting.size() == 1 ? "rank " + std::to_string(first.rank) + " (" + first.host + ") waits"
                          : std::string(all ? "all " : "the other ") + std::to_string(waiting.size()) + " ranks wait";
  return who + " in " + first.operation + " " + step_text(first);
}

}  // namespace

std::string names(std::span<const RankStatus> ranks) {
  std::string text;
  for (const RankStatus& status : ranks.first(std::min(ranks.size(), most_named))) {
    text += (text.empty() ? "" : ", ") + name(status);
  }
  return text + (ranks.size() > most_named ? " and " + std::to_string(ranks.size() - most_named) + " more" : "");
}

std::string death_text(std::span<const RankStatus> dead) {
  return names(dead) + verb(dead, " has", " have") + " died: killed, crashed, or cut off; go on with --resume";
}

std::string silence_text(double quiet_seconds, double limit_seconds, std::span<const RankStatus> ranks) {
  const auto silent = chosen(ranks, [&](const RankStatus& rank) { return rank.unheard_seconds >= limit_seconds / 2; });
  const auto heard = chosen(ranks, [&](const RankStatus& rank) { return rank.unheard_seconds < limit_seconds / 2; });
  std::uint64_t furthest = 0;
  for (const RankStatus& rank : heard) {
    furthest = std::max(furthest, rank.collectives);
  }
  // Where somebody else is at fault, all that wait do so for them, some perhaps a collective later than others.
  const bool fault_found =
      !silent.empty() || std::ranges::any_of(heard, [](const RankStatus& rank) { return !rank.waits; });
  const auto is_victim = [&](const RankStatus& rank) {
    return rank.waits && (fault_found || rank.collectives == furthest);
  };
  const auto waiting = chosen(heard, is_victim);
  const auto busy = chosen(heard, std::not_fn(is_victim));

  std::string text = "no rank has made progress for " + seconds_text(quiet_seconds);
  if (!silent.empty()) {
    text += "; nothing was heard for " + seconds_text(silent.front().unheard_seconds) + " of " + names(silent) +
            ": stopped, or cut off";
  }
  if (!busy.empty()) {
    text += "; " + names(busy) + verb(busy, " does", " do") + " not go on";
  }
  if (!waiting.empty()) {
    const bool all = silent.empty() && busy.empty();
    text += "; " + waiting_text(waiting, all);
    text += all && waiting.size() > 1 ? ": the network between them or the MPI library does not deliver" : "";
  }
  return text + "; go on with --resume, or raise run.watchdog_seconds if that was work";
}

}  // namespace cauchy::communication

// Whether all ranks still hold the same state.

#include "cauchy/training/guard.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <string>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/core/fingerprint.hpp"

namespace cauchy::training {
namespace {

// Ranks that are named one by one; more do not help to find the fault.
constexpr std::size_t most_named = 8;

template <typename Real>
std::int64_t fingerprint_of(const TrainingState<Real>& state, const Shares& shares) {
  std::uint64_t hash = 0;
  const auto add = [&hash](const auto& values) { hash = core::fingerprint(std::as_bytes(std::span(values)), hash); };
  // All members: a new one does not compile until somebody has thought of it here. Only the root has the residuals
  // and whole slots.
  [[maybe_unused]] const auto& [method, sampler, stopping, history, plateau, divergence, standardization, units,
                                residuals, stop, whole_slots] = state;
  add(state.method.x);
  if (!shares.divided()) {
    for (const optimize::Slot<Real>& slot : state.method.slots) {
      add(slot.values);
    }
  }
  for (const optimize::Number& number : state.method.numbers) {
    add(std::span(&number.value, 1));
  }
  add(std::span(&state.stop, 1));
  add(state.units.exponents);
  add(state.units.ages);
  add(state.standardization.mean);
  add(state.standardization.scale);
  state.visit_scalars(state, [&]<typename T>(const char* /*part*/, const char* /*field*/, const T& value) {
    add(std::span<const T>(&value, 1));
  });
  return std::bit_cast<std::int64_t>(hash);
}

/// Collective. The fingerprints of all ranks.
std::vector<std::int64_t> gathered(communication::Channel& channel, std::int64_t own) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(channel.ranks().size()), 0);
  all[static_cast<std::size_t>(channel.ranks().rank())] = own;
  channel.sum(std::span(all));
  return all;
}

/// The ranks that differ from more than half of all; every rank where there is no such majority.
std::vector<int> suspects(const std::vector<std::int64_t>& fingerprints) {
  const auto is_majority = [&](std::int64_t value) {
    return 2 * static_cast<std::size_t>(std::ranges::count(fingerprints, value)) > fingerprints.size();
  };
  std::vector<int> result;
  const auto majority = std::ranges::find_if(fingerprints, is_majority);
  for (std::size_t rank = 0; rank < fingerprints.size(); ++rank) {
    if (majority == fingerprints.end() || fingerprints[rank] != *majority) {
      result.push_back(static_cast<int>(rank));
    }
  }
  return result;
}

/// Collective. "rank 3 (node17), rank 5 (node18)"
std::string names(const communication::Communicator& ranks, const std::vector<int>& which) {
  std::string text;
  for (std::size_t i = 0; i < std::min(which.size(), most_named); ++i) {
    std::string host = ranks.rank() == which[i] ? communication::host_name() : "";
    ranks.broadcast(host, which[i]);
    text += (text.empty() ? "rank " : ", rank ") + std::to_string(which[i]) + " (" + host + ")";
  }
  return text + (which.size() > most_named ? ", and " + std::to_string(which.size() - most_named) + " more" : "");
}

}  // namespace

template <typename Real>
void require_same_state(communication::Channel& channel, const TrainingState<Real>& state, const Shares& shares) {
  const std::int64_t own = fingerprint_of(state, shares);
  std::array<std::int64_t, 2> extremes{own, ~own};  // the largest, and the complement of the smallest
  channel.maximum(std::span<std::int64_t>(extremes));
  if (extremes[0] == ~extremes[1]) {
    return;
  }
  const std::vector<int> odd = suspects(gathered(channel, own));
  const bool majority = odd.size() < static_cast<std::size_t>(channel.ranks().size());
  throw core::Error(core::ExitCode::lost,
                    "after step " + std::to_string(state.stopping.steps) + " the parameters of " +
                        names(channel.ranks(), odd) + (majority ? " differ from those of the other ranks" : " differ") +
                        ": memory, a processor or a library is not to be trusted there; go on with --resume on other "
                        "hosts")
      .as_agreed();
}

template void require_same_state(communication::Channel&, const TrainingState<float>&, const Shares&);
template void require_same_state(communication::Channel&, const TrainingState<double>&, const Shares&);

}  // namespace cauchy::training

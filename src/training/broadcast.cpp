// The state that one rank has read, on every rank; and back again.

#include "cauchy/training/broadcast.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include "cauchy/core/activity.hpp"

namespace cauchy::training {
namespace {

template <typename T>
void broadcast_vector(const communication::Communicator& ranks, std::vector<T>& values) {
  std::uint64_t size = values.size();
  ranks.broadcast<std::uint64_t>({&size, 1});
  values.resize(size);
  ranks.broadcast<T>(values);
}

template <typename Real>
void scatter_slot(const communication::Communicator& ranks, optimize::Slot<Real>& slot, const Shares& shares) {
  const optimize::Share share = shares.elements(ranks.rank());
  linear_algebra::AlignedVector<Real> own(share.size());
  ranks.scatter<Real>(ranks.is_root() ? std::span<const Real>(slot.values) : std::span<const Real>(), own,
                      shares.bounds());
  slot = {std::move(slot.name), std::move(own), share.first};
}

}  // namespace

template <typename Real>
void broadcast_state(const communication::Communicator& ranks, TrainingState<Real>& state, const Shares& shares) {
  // Of the residuals, each rank takes those of its shards alone: Reducer::scatter().
  ranks.broadcast<Real>(state.method.x);
  for (optimize::Slot<Real>& slot : state.method.slots) {
    if (shares.divided()) {
      scatter_slot(ranks, slot, shares);
    } else {
      ranks.broadcast<Real>(slot.values);
    }
  }
  for (optimize::Number& number : state.method.numbers) {
    ranks.broadcast<double>({&number.value, 1});
  }
  auto stop = static_cast<std::int32_t>(state.stop);
  ranks.broadcast<std::int32_t>({&stop, 1});
  state.stop = static_cast<StopReason>(stop);
  state.visit_scalars(state, [&]<typename T>(const char* /*part*/, const char* /*field*/, T& value) {
    ranks.broadcast<T>({&value, 1});
  });
  broadcast_vector(ranks, state.standardization.mean);
  broadcast_vector(ranks, state.standardization.scale);
  broadcast_vector(ranks, state.units.exponents);
  broadcast_vector(ranks, state.units.ages);
}

template <typename Real>
void gather_slots(const communication::Communicator& ranks, TrainingState<Real>& state, const Shares& shares) {
  if (!shares.divided()) {
    return;
  }
  const core::Doing doing("collecting the state of the optimizer");
  WholeSlots<Real> whole;
  for (const optimize::Slot<Real>& slot : state.method.slots) {
    linear_algebra::AlignedVector<Real> values(ranks.is_root() ? state.method.x.size() : 0);
    ranks.gather<Real>(std::span(slot.values), std::span(values), shares.bounds());
    whole.push_back({slot.name, std::move(values)});
    core::note_progress();
  }
  if (ranks.is_root()) {
    state.whole_slots = std::make_shared<const WholeSlots<Real>>(std::move(whole));
  }
}

template void broadcast_state(const communication::Communicator&, TrainingState<float>&, const Shares&);
template void broadcast_state(const communication::Communicator&, TrainingState<double>&, const Shares&);
template void gather_slots(const communication::Communicator&, TrainingState<float>&, const Shares&);
template void gather_slots(const communication::Communicator&, TrainingState<double>&, const Shares&);

}  // namespace cauchy::training

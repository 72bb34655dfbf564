// The state that one rank has read, on every rank.

#include "cauchy/training/broadcast.hpp"

#include <cstdint>
#include <vector>

namespace cauchy::training {
namespace {

template <typename T>
void broadcast_vector(const communication::Communicator& ranks, std::vector<T>& values) {
  std::uint64_t size = values.size();
  ranks.broadcast<std::uint64_t>({&size, 1});
  values.resize(size);
  ranks.broadcast<T>(values);
}

}  // namespace

template <typename Real>
void broadcast_state(const communication::Communicator& ranks, TrainingState<Real>& state) {
  // Of the residuals, each rank takes those of its shards alone: Reducer::scatter().
  ranks.broadcast<Real>(state.method.x);
  for (optimize::Slot<Real>& slot : state.method.slots) {
    ranks.broadcast<Real>(slot.values);
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

template void broadcast_state(const communication::Communicator&, TrainingState<float>&);
template void broadcast_state(const communication::Communicator&, TrainingState<double>&);

}  // namespace cauchy::training

// The one path that all collectives of training take.

#include "cauchy/communication/channel.hpp"

namespace cauchy::communication {

template <typename T>
void Channel::start_sum(std::span<T> values) {
  const core::PhaseScope scope(seconds_, core::Phase::communication);
  ranks_.sum(values);
}

template void Channel::start_sum(std::span<float>);
template void Channel::start_sum(std::span<double>);

}  // namespace cauchy::communication

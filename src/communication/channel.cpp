// The one path that all collectives of training take.

#include "cauchy/communication/channel.hpp"

namespace cauchy::communication {

template <typename T>
void Channel::start_sum(std::span<T> values) {
  const core::PhaseScope scope(seconds_, core::Phase::communication);
  ranks_.sum(values);
}

template <typename T>
void Channel::start_maximum(std::span<T> values) {
  const core::PhaseScope scope(seconds_, core::Phase::communication);
  ranks_.maximum(values);
}

template void Channel::start_sum(std::span<float>);
template void Channel::start_sum(std::span<double>);
template void Channel::start_sum(std::span<std::int32_t>);
template void Channel::start_sum(std::span<std::int64_t>);
template void Channel::start_maximum(std::span<std::int32_t>);
template void Channel::start_maximum(std::span<std::int64_t>);

}  // namespace cauchy::communication

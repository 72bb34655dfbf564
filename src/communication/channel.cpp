// The one path that all collectives of training take.

#include "cauchy/communication/channel.hpp"

#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "checked.hpp"
#include "communication_thread.hpp"

namespace cauchy::communication {

Channel::Channel(const Communicator& ranks, core::PhaseSeconds& seconds, Overlap overlap)
    : ranks_(ranks),
      seconds_(seconds),
      thread_(overlap == Overlap::on ? std::make_unique<CommunicationThread>(ranks) : nullptr) {}

Channel::~Channel() {
  if (is_busy()) {
    ranks_.abort(static_cast<int>(core::ExitCode::internal_error));
  }
}

template <typename T>
void Channel::sum(std::span<T> values) {
  wait();
  const core::PhaseScope scope(seconds_, core::Phase::communication);
  ranks_.sum(values);
}

template <typename T>
void Channel::sum(SharedArrays& arrays) {
  wait();
  const core::PhaseScope scope(seconds_, core::Phase::communication);
  arrays.sum<T>();
}

template <typename T>
void Channel::sum_part(SharedArrays& arrays, std::size_t first, std::size_t count) {
  wait();
  const core::PhaseScope scope(seconds_, core::Phase::communication);
  arrays.sum_part<T>(first, count);
}

template <typename T>
void Channel::exchange(std::span<T> values, std::span<const std::size_t> bounds) {
  wait();
  const core::PhaseScope scope(seconds_, core::Phase::communication);
  ranks_.exchange(values, bounds);
}

template <typename T>
void Channel::exchange(SharedArrays& arrays, std::span<T> values, std::span<const std::size_t> bounds) {
  wait();
  const core::PhaseScope scope(seconds_, core::Phase::communication);
  arrays.exchange(values, bounds);
}

template <typename T>
void Channel::maximum(std::span<T> values) {
  wait();
  const core::PhaseScope scope(seconds_, core::Phase::communication);
  ranks_.maximum(values);
}

template <typename T>
void Channel::start_sum(std::span<T> values) {
  if (thread_) {
    thread_->start_sum(values);
  } else {
    sum(values);
  }
}

template <typename T>
void Channel::start_sum_on(int rank, std::span<T> values) {
  if (thread_) {
    thread_->start_sum_on(rank, values);
  } else {
    const core::PhaseScope scope(seconds_, core::Phase::communication);
    ranks_.sum_on(rank, values);
  }
}

void Channel::wait() {
  if (!thread_) {
    return;
  }
  const core::Waiting waiting("MPI_Allreduce");
  const core::PhaseScope scope(seconds_, core::Phase::communication);
  const core::Timer timer;
  thread_->wait();
  waited_ += timer.seconds();
}

bool Channel::is_busy() const {
  return thread_ && thread_->is_busy();
}

OverlapSeconds Channel::overlap_seconds() const {
  return thread_ ? OverlapSeconds{thread_->wall_seconds(), thread_->processor_seconds(), waited_} : OverlapSeconds{};
}

bool allows_communication_thread() {
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Query_thread(&provided), "MPI_Query_thread");
  return provided >= MPI_THREAD_SERIALIZED;
}

template void Channel::sum(std::span<float>);
template void Channel::sum(std::span<double>);
template void Channel::sum(std::span<std::int32_t>);
template void Channel::sum(std::span<std::int64_t>);
template void Channel::sum<std::int32_t>(SharedArrays&);
template void Channel::sum<std::int64_t>(SharedArrays&);
template void Channel::sum_part<std::int32_t>(SharedArrays&, std::size_t, std::size_t);
template void Channel::sum_part<std::int64_t>(SharedArrays&, std::size_t, std::size_t);
template void Channel::exchange(std::span<float>, std::span<const std::size_t>);
template void Channel::exchange(std::span<double>, std::span<const std::size_t>);
template void Channel::exchange(SharedArrays&, std::span<float>, std::span<const std::size_t>);
template void Channel::exchange(SharedArrays&, std::span<double>, std::span<const std::size_t>);
template void Channel::start_sum_on(int, std::span<std::int32_t>);
template void Channel::start_sum_on(int, std::span<std::int64_t>);
template void Channel::maximum(std::span<std::int32_t>);
template void Channel::maximum(std::span<std::int64_t>);
template void Channel::start_sum(std::span<float>);
template void Channel::start_sum(std::span<double>);
template void Channel::start_sum(std::span<std::int32_t>);
template void Channel::start_sum(std::span<std::int64_t>);

}  // namespace cauchy::communication

// The thread on which sums over ranks go on while others compute.

#include "communication_thread.hpp"

#include <string>
#include <system_error>
#include <utility>

#include "cauchy/core/error.hpp"
#include "cauchy/core/timer.hpp"

namespace cauchy::communication {

CommunicationThread::CommunicationThread(const Communicator& ranks) : ranks_(ranks) {
  try {
    thread_ = std::thread([this] { serve(); });
  } catch (const std::system_error& error) {
    throw core::Error(core::ExitCode::internal_error, std::string("the system gives no thread for communication: ") +
                                                          error.what() + "; run.overlap = false does without");
  }
}

CommunicationThread::~CommunicationThread() {
  {
    const std::scoped_lock lock(mutex_);
    ends_ = true;
  }
  started_.notify_one();
  thread_.join();
}

template <typename T>
void CommunicationThread::start_sum(std::span<T> values) {
  const auto work = [](const Communicator& ranks, const Sum& sum) {
    ranks.sum(std::span(static_cast<T*>(sum.data), sum.count));
  };
  start({work, values.data(), values.size(), 0});
}

template <typename T>
void CommunicationThread::start_sum_on(int rank, std::span<T> values) {
  const auto work = [](const Communicator& ranks, const Sum& sum) {
    ranks.sum_on(sum.rank, std::span(static_cast<T*>(sum.data), sum.count));
  };
  start({work, values.data(), values.size(), rank});
}

void CommunicationThread::start(const Sum& sum) {
  {
    const std::scoped_lock lock(mutex_);
    sums_.push_back(sum);
  }
  started_.notify_one();
}

void CommunicationThread::wait() {
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [this] { return done_ == sums_.size(); });
  sums_.clear();
  done_ = 0;
  if (const std::exception_ptr failure = std::exchange(failure_, nullptr)) {
    std::rethrow_exception(failure);
  }
}

bool CommunicationThread::is_busy() const {
  const std::scoped_lock lock(mutex_);
  return done_ < sums_.size();
}

void CommunicationThread::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    started_.wait(lock, [this] { return ends_ || done_ < sums_.size(); });
    if (done_ == sums_.size()) {
      return;
    }
    const Sum sum = sums_[done_];
    if (!failure_) {
      lock.unlock();
      std::exception_ptr failure = work_on(sum);
      lock.lock();
      failure_ = failure;
    }
    done_ += 1;
    if (done_ == sums_.size()) {
      finished_.notify_one();
    }
  }
}

std::exception_ptr CommunicationThread::work_on(const Sum& sum) noexcept {
  const core::Timer timer;
  const double processor_before = core::processor_seconds();
  std::exception_ptr failure;
  try {
    sum.work(ranks_, sum);
  } catch (...) {
    failure = std::current_exception();
  }
  wall_seconds_ = wall_seconds_ + timer.seconds();
  processor_seconds_ = processor_seconds_ + core::processor_seconds() - processor_before;
  return failure;
}

template void CommunicationThread::start_sum(std::span<float>);
template void CommunicationThread::start_sum(std::span<double>);
template void CommunicationThread::start_sum(std::span<std::int32_t>);
template void CommunicationThread::start_sum(std::span<std::int64_t>);
template void CommunicationThread::start_sum_on(int, std::span<std::int32_t>);
template void CommunicationThread::start_sum_on(int, std::span<std::int64_t>);

}  // namespace cauchy::communication

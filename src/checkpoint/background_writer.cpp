// Writes checkpoints while training goes on.

#include "cauchy/checkpoint/background_writer.hpp"

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

#include "cauchy/core/error.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/linear_algebra/sums.hpp"

namespace cauchy::checkpoint {
namespace {

// After a write, before a state is written that is only the best: nine times as long as the write took.
constexpr double pause_per_second = 9;

template <typename Real>
void require_finite(const training::TrainingState<Real>& state) {
  using linear_algebra::all_finite;
  const bool finite = all_finite<Real>(state.method.x) && std::ranges::all_of(state.slots(), [](const auto& slot) {
                        return all_finite<Real>(slot.values);
                      });
  if (!finite) {
    throw core::InputOutputError("the parameters hold NaN or infinity");
  }
}

}  // namespace

template <typename Real>
BackgroundWriter<Real>::BackgroundWriter(Store store, Description description, std::function<void()> prepare,
                                         const State& state, std::size_t copies)
    : store_(std::move(store)), description_(std::move(description)), prepare_(std::move(prepare)) {
  for (std::size_t i = 0; i < copies; ++i) {
    free_.push_back(std::make_unique<State>(state));
  }
  try {
    thread_ = std::thread([this] { serve(); });
  } catch (const std::system_error& error) {
    throw core::Error(core::ExitCode::internal_error,
                      std::string("the system gives no thread to write checkpoints: ") + error.what());
  }
}

template <typename Real>
BackgroundWriter<Real>::~BackgroundWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    if (std::uncaught_exceptions() > 0) {
      waiting_.clear();  // the error has to be told soon
    }
  }
  changed_.notify_all();
  thread_.join();
}

template <typename Real>
void BackgroundWriter<Real>::write(const State& state, const SaveAs& as) {
  Job job{copy_for(as), as};
  *job.state = state;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  changed_.notify_all();
}

/// Memory for a state that is to be saved that way.
template <typename Real>
std::unique_ptr<training::TrainingState<Real>> BackgroundWriter<Real>::copy_for(const SaveAs& as) {
  std::unique_lock lock(mutex_);
  if (as.best) {
    const auto worse = std::ranges::find_if(waiting_, [](const Job& job) { return !job.as.numbered; });
    if (worse != waiting_.end()) {
      std::unique_ptr<State> copy = std::move(worse->state);
      waiting_.erase(worse);
      return copy;
    }
  }
  changed_.wait(lock, [this] { return !free_.empty(); });
  std::unique_ptr<State> copy = std::move(free_.back());
  free_.pop_back();
  return copy;
}

template <typename Real>
void BackgroundWriter<Real>::wait() {
  std::unique_lock lock(mutex_);
  hurries_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return waiting_.empty() && !writing_; });
  hurries_ = false;
}

template <typename Real>
std::size_t BackgroundWriter<Real>::pending() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() + (writing_ ? 1 : 0);
}

template <typename Real>
bool BackgroundWriter<Real>::numbered_pending() const {
  const std::lock_guard lock(mutex_);
  return (writing_ && writing_->numbered) ||
         std::ranges::any_of(waiting_, [](const Job& job) { return job.as.numbered; });
}

template <typename Real>
std::vector<Written> BackgroundWriter<Real>::results() {
  const std::lock_guard lock(mutex_);
  return std::exchange(results_, {});
}

template <typename Real>
void BackgroundWriter<Real>::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    changed_.wait_until(lock, next_best_, [this] { return is_urgent(); });
    if (waiting_.empty()) {
      if (ending_) {
        return;
      }
      continue;  // the one that waited is giving way to a better one
    }
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    writing_ = job.as;
    lock.unlock();
    Written result = written(job);
    lock.lock();
    const std::chrono::duration<double> pause(pause_per_second * result.seconds);
    next_best_ = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::nanoseconds>(pause);
    results_.push_back(std::move(result));
    free_.push_back(std::move(job.state));
    writing_.reset();
    changed_.notify_all();
  }
}

/// Whether what waits may not wait for a better one.
template <typename Real>
bool BackgroundWriter<Real>::is_urgent() const {
  return ending_ || hurries_ || std::ranges::any_of(waiting_, [](const Job& job) { return job.as.numbered; });
}

template <typename Real>
Written BackgroundWriter<Real>::written(const Job& job) {
  const core::Timer timer;
  const double processor_before = core::processor_seconds();
  Written result;
  result.step = job.state->stopping.steps;
  result.as = job.as;
  try {
    require_finite(*job.state);
    prepare_();
    result.saved = store_.save(description_, *job.state, job.as);
  } catch (const std::exception& error) {
    result.failure = error.what();
  }
  job.state->whole_slots.reset();
  result.seconds = timer.seconds();
  result.processor_seconds = core::processor_seconds() - processor_before;
  return result;
}

template class BackgroundWriter<float>;
template class BackgroundWriter<double>;

}  // namespace cauchy::checkpoint

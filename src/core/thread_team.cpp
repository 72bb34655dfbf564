// Threads that do one thing together.

#include "cauchy/core/thread_team.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <system_error>

#include "cauchy/core/error.hpp"

namespace cauchy::core {

ThreadTeam::ThreadTeam(std::size_t threads, const std::function<void()>& prepare) : failures_(threads) {
  threads_.reserve(threads - 1);
  try {
    for (std::size_t thread = 1; thread < threads; ++thread) {
      threads_.emplace_back([this, thread, prepare] {
        if (prepare) {
          prepare();
        }
        serve(thread);
      });
    }
  } catch (const std::system_error& error) {
    const std::size_t started = threads_.size() + 1;
    stop();
    throw Error(ExitCode::internal_error, "the system gives " + std::to_string(started) + " of " +
                                              std::to_string(threads) + " threads: " + error.what());
  }
}

ThreadTeam::~ThreadTeam() {
  stop();
}

void ThreadTeam::stop() {
  work_ = nullptr;
  ++round_;
  round_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

void ThreadTeam::run(const std::function<void(std::size_t)>& work) {
  work_ = &work;
  busy_ = threads_.size();
  ++round_;
  round_.notify_all();
  call(0);
  for (std::size_t busy = busy_; busy > 0; busy = busy_) {
    busy_.wait(busy);
  }
  std::exception_ptr first;
  for (std::exception_ptr& failure : failures_) {
    first = first ? first : failure;
    failure = nullptr;
  }
  if (first) {
    std::rethrow_exception(first);
  }
}

void ThreadTeam::run_ranges(std::size_t count, std::size_t least,
                            const std::function<void(std::size_t, std::size_t)>& work) {
  const std::size_t ranges = std::clamp<std::size_t>(count / least, 1, size());
  if (ranges == 1) {
    work(0, count);
    return;
  }
  const auto of_thread = [&](std::size_t thread) {
    if (thread < ranges) {
      work(count * thread / ranges, count * (thread + 1) / ranges);
    }
  };
  run(std::cref(of_thread));  // a reference, which needs no memory of its own
}

void ThreadTeam::serve(std::size_t thread) {
  for (std::size_t round = 1;; ++round) {
    for (std::size_t current = round_; current < round; current = round_) {
      round_.wait(current);
    }
    if (work_ == nullptr) {
      return;
    }
    call(thread);
    if (--busy_ == 0) {
      busy_.notify_one();
    }
  }
}

void ThreadTeam::call(std::size_t thread) {
  try {
    (*work_)(thread);
  } catch (...) {
    failures_[thread] = std::current_exception();
  }
}

}  // namespace cauchy::core

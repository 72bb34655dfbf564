#pragma once
/// Threads that do one thing together, again and again.

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

namespace cauchy::core {

/// A fixed number of threads, of which the caller is the first; the others sleep between calls.
///
///     ThreadTeam team(4, prepare);
///     team.run([&](std::size_t thread) { sums[thread] = work_on(part(thread)); });      // thread = 0, 1, 2, 3
class ThreadTeam {
 public:
  /// Every thread but the caller's calls `prepare` before anything else; it must not throw. threads ≥ 1. Throws
  /// core::Error if the system gives no more threads.
  explicit ThreadTeam(std::size_t threads, const std::function<void()>& prepare = {});
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  std::size_t size() const { return failures_.size(); }

  /// Calls work(thread) on every thread, and returns when all are done. What the lowest thread that failed threw is
  /// thrown again.
  void run(const std::function<void(std::size_t)>& work);

  /// Calls work(first, last) for ranges that [0, count) is cut into, one a thread, but none smaller than `least`, so
  /// that little work stays on few threads.
  void run_ranges(std::size_t count, std::size_t least, const std::function<void(std::size_t, std::size_t)>& work);

 private:
  void serve(std::size_t thread);
  void call(std::size_t thread);
  void stop();

  std::vector<std::exception_ptr> failures_;                ///< by thread
  const std::function<void(std::size_t)>* work_ = nullptr;  ///< null: the end
  std::atomic<std::size_t> round_ = 0;                      ///< calls so far
  std::atomic<std::size_t> busy_ = 0;                       ///< threads still at work in this round
  std::vector<std::thread> threads_;
};

}  // namespace cauchy::core

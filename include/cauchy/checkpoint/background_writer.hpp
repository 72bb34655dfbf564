#pragma once
/// Writes checkpoints while training goes on.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/checkpoint/store.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::checkpoint {

/// What became of one checkpoint.
struct Written {
  std::uint64_t step = 0;
  SaveAs as;
  SavedCheckpoint saved;
  std::string failure;           ///< why it is not on the device; empty if it is
  double seconds = 0;            ///< of writing
  double processor_seconds = 0;  ///< of them, those that the thread had a processor
};

/// A thread that saves copies of the state to a store, one after the other. The copies are made once, at the start:
/// there is memory for as many as may be written and waiting at the same time, and for no more. Where a state becomes
/// the best again and again, writing it takes at most about a tenth of the thread's time.
template <typename Real>
class BackgroundWriter {
 public:
  using State = training::TrainingState<Real>;

  /// Room for `copies` states of the size of this one. `prepare` is called on the thread before each write; what it
  /// throws makes the write fail.
  BackgroundWriter(Store store, Description description, std::function<void()> prepare, const State& state,
                   std::size_t copies);
  /// Returns when all is written; while an error unwinds the stack, when what is being written is.
  ~BackgroundWriter();
  BackgroundWriter(const BackgroundWriter&) = delete;
  BackgroundWriter& operator=(const BackgroundWriter&) = delete;

  /// Returns as soon as the state is copied; before that, where all copies are in use, it waits for a write to end. A
  /// state that waits only to become the best gives way to a better one, and to nothing else.
  void write(const State& state, const SaveAs& as);

  /// Returns when all is written.
  void wait();

  /// States that are being written or wait to be.
  std::size_t pending() const;
  /// Whether one of them is to have a number.
  bool numbered_pending() const;

  /// What has ended since the last call, in order.
  std::vector<Written> results();

 private:
  struct Job {
    std::unique_ptr<State> state;
    SaveAs as;
  };

  std::unique_ptr<State> copy_for(const SaveAs& as);
  void serve();
  bool is_urgent() const;
  Written written(const Job& job);

  Store store_;
  Description description_;
  std::function<void()> prepare_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<State>> free_;
  std::deque<Job> waiting_;
  std::optional<SaveAs> writing_;
  std::chrono::steady_clock::time_point next_best_;  ///< when a best state may be written unless there is a hurry
  bool hurries_ = false;                             ///< somebody waits for all to be written
  bool ending_ = false;
  std::vector<Written> results_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace cauchy::checkpoint

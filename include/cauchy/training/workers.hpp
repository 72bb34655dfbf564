#pragma once
/// The threads of a rank, and what each of them computes with.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "cauchy/core/thread_team.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/data/shards.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/bf16.hpp"
#include "cauchy/model/model.hpp"

namespace cauchy::training {

/// Where waking another thread takes longer than what it could do.
inline constexpr std::size_t least_elements_a_thread = 65536;

/// What one thread needs beside Θ and the data, which threads share.
template <typename Real>
struct Worker {
  std::size_t thread = 0;
  model::Workspace<Real> workspace;
  model::Workspace<Real> tangents;  ///< as large, for second derivatives; of no samples before the first of these
  data::BatchBuffer<Real> batch;
  linear_algebra::AlignedVector<Real> gradient;  ///< of one shard, (padded_size); empty where none is asked for
  core::PhaseSeconds seconds;                    ///< of the current call; the thread adds its phases
};

/// Threads that take different shards of the rank: thread t of T the t-th part of them, in order.
template <typename Real>
class Workers {
 public:
  /// For passes of at most `samples` samples. The time of calls is added to `seconds`, which must outlive the workers.
  Workers(const model::Model<Real>& model, std::uint64_t samples, std::size_t threads, core::PhaseSeconds& seconds);

  std::size_t threads() const { return team_.size(); }

  /// Gives every worker room for a gradient.
  void make_gradients(std::size_t elements);

  /// Θ for calls of for_each_shard, which must not change meanwhile: rounded once for all threads and shards, where
  /// operands of products are rounded.
  model::Parameters<Real> prepare(std::span<const Real> theta);

  /// Calls work(worker, shard) for each of the shards, on the threads, and returns when all are done. `work` does not
  /// communicate. Throws what a call threw.
  void for_each_shard(data::Range shards, const std::function<void(Worker<Real>&, std::uint64_t)>& work);

  /// Calls work(first, last) for ranges that [0, count) is cut into, none smaller than `least`, on the threads.
  void for_ranges(std::size_t count, std::size_t least, const std::function<void(std::size_t, std::size_t)>& work);

 private:
  void count_time(double wall_seconds);

  std::vector<Worker<Real>> workers_;
  linear_algebra::AlignedVector<linear_algebra::Bf16> rounded_theta_;  ///< empty where nothing is rounded
  core::ThreadTeam team_;
  core::PhaseSeconds& seconds_;
};

}  // namespace cauchy::training

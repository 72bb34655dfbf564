// The threads of a rank.

#include "cauchy/training/workers.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <type_traits>

#include "cauchy/linear_algebra/product.hpp"

namespace cauchy::training {

template <typename Real>
Workers<Real>::Workers(const model::Model<Real>& model, std::uint64_t samples, std::size_t threads,
                       core::PhaseSeconds& seconds)
    : workers_(threads),
      rounded_theta_(model.rounds_operands() ? model.layout().padded_size() : 0),
      team_(threads, linear_algebra::prepare_thread),
      seconds_(seconds) {
  for (std::size_t thread = 0; thread < threads; ++thread) {
    workers_[thread].thread = thread;
    workers_[thread].workspace = model.workspace(samples);
  }
}

template <typename Real>
void Workers<Real>::make_gradients(std::size_t elements) {
  for (Worker<Real>& worker : workers_) {
    worker.gradient.assign(elements, Real{0});
  }
}

template <typename Real>
model::Parameters<Real> Workers<Real>::prepare(std::span<const Real> theta) {
  if constexpr (std::is_same_v<Real, float>) {
    if (!rounded_theta_.empty()) {
      const auto round = [&](std::size_t first, std::size_t last) {
        linear_algebra::round_to_bf16(theta.subspan(first, last - first),
                                      std::span(rounded_theta_).subspan(first, last - first));
      };
      for_ranges(theta.size(), least_elements_a_thread, std::cref(round));
      return {theta, rounded_theta_.data()};
    }
  }
  return theta;
}

template <typename Real>
void Workers<Real>::for_each_shard(data::Range shards, const std::function<void(Worker<Real>&, std::uint64_t)>& work) {
  const core::Timer timer;
  const auto of_thread = [&](std::size_t thread) {
    Worker<Real>& worker = workers_[thread];
    worker.seconds = {};
    const data::Range part = data::rank_shards(shards.size(), thread, workers_.size());
    for (std::uint64_t shard = part.first; shard < part.last; ++shard) {
      work(worker, shards.first + shard);
    }
  };
  team_.run(std::cref(of_thread));  // a reference, which needs no memory of its own
  count_time(timer.seconds());
}

template <typename Real>
void Workers<Real>::for_ranges(std::size_t count, std::size_t least,
                               const std::function<void(std::size_t, std::size_t)>& work) {
  const core::PhaseScope scope(seconds_, core::Phase::compute);
  team_.run_ranges(count, least, work);
}

/// The phases of the calling thread; what it waited for the others is computing.
template <typename Real>
void Workers<Real>::count_time(double wall_seconds) {
  const core::PhaseSeconds& own = workers_.front().seconds;
  for (std::size_t phase = 0; phase < own.values.size(); ++phase) {
    seconds_.values[phase] += own.values[phase];
  }
  const double counted = std::accumulate(own.values.begin(), own.values.end(), 0.0);
  seconds_[core::Phase::compute] += std::max(0.0, wall_seconds - counted);
}

template class Workers<float>;
template class Workers<double>;

}  // namespace cauchy::training

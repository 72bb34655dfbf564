// J over the ranks.

#include "cauchy/training/objective.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/sums.hpp"

namespace cauchy::training {
namespace {

// Behind the losses of the shards, how many ranks voted for what.
enum SummaryVote : std::size_t { vote_save, vote_max_seconds, vote_request, vote_count };

Votes decode(std::span<const double> votes) {
  Votes result;
  result.save = votes[vote_save] > 0;
  if (votes[vote_max_seconds] > 0) {
    result.stop = StopReason::max_seconds;
  }
  if (votes[vote_request] > 0) {
    result.stop = StopReason::request;
  }
  return result;
}

void encode(const Votes& votes, std::span<double> result) {
  result[vote_save] = votes.save ? 1 : 0;
  result[vote_max_seconds] = votes.stop == StopReason::max_seconds ? 1 : 0;
  result[vote_request] = votes.stop == StopReason::request ? 1 : 0;
}

}  // namespace

template <typename Real>
DistributedObjective<Real>::DistributedObjective(const model::Network<Real>& network, double l2,
                                                 data::Dataset<Real>& dataset, const data::Sampler& sampler,
                                                 std::uint64_t microbatch, Reducer<Real>& reducer,
                                                 communication::Channel& channel, core::PhaseSeconds& seconds)
    : network_(network),
      l2_(l2),
      dataset_(dataset),
      sampler_(sampler),
      microbatch_(std::min<std::uint64_t>(microbatch, sampler.largest_part())),
      reducer_(reducer),
      channel_(channel),
      seconds_(seconds),
      workspace_(network.workspace(microbatch_)),
      shard_gradient_(network.layout().padded_size(), Real{0}),
      orders_(dataset.local_shards().size()),
      summary_(dataset.shards() + vote_count, 0.0) {}

template <typename Real>
void DistributedObjective<Real>::select(const SamplerPosition& position, const Votes& votes,
                                        std::function<void()> proved) {
  position_ = position;
  votes_ = votes;
  proved_ = std::move(proved);
  if (order_epoch_ == position.epoch) {
    return;
  }
  const core::PhaseScope scope(seconds_, core::Phase::data);
  for (std::size_t i = 0; i < orders_.size(); ++i) {
    sampler_.permutation(dataset_.local_shards().first + i, position.epoch, orders_[i]);
  }
  order_epoch_ = position.epoch;
}

template <typename Real>
double DistributedObjective<Real>::value_and_gradient(std::span<const Real> theta, std::span<Real> gradient) {
  std::fill(summary_.begin(), summary_.end(), 0.0);
  reducer_.begin();
  const data::Range local_shards = dataset_.local_shards();
  for (std::uint64_t shard = local_shards.first; shard < local_shards.last; ++shard) {
    summary_[shard] = shard_value_and_gradient(theta, shard);
  }
  const std::span<const Real> sum = reducer_.finish();
  reduce_losses();
  complete_gradient(theta, sum, gradient);
  require_finite();
  if (const auto proved = std::exchange(proved_, nullptr)) {
    proved();
  }
  return result_.nll() + result_.penalty;
}

// g = Σ/n + λ·weights, the penalty, and the norm of g.
template <typename Real>
void DistributedObjective<Real>::complete_gradient(std::span<const Real> theta, std::span<const Real> sum,
                                                   std::span<Real> gradient) {
  const core::PhaseScope scope(seconds_, core::Phase::compute);
  const auto samples = static_cast<Real>(result_.samples);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    gradient[i] = sum[i] / samples;
  }
  result_.penalty = add_penalty(theta, gradient);
  result_.gradient_norm = std::sqrt(linear_algebra::sum_of_squares<Real>(gradient));
}

// Agreed: every rank has the same numbers.
template <typename Real>
void DistributedObjective<Real>::require_finite() const {
  if (std::isfinite(result_.nll() + result_.penalty) && std::isfinite(result_.gradient_norm)) {
    return;
  }
  std::ostringstream message;
  message << "diverged at step " << position_.epoch * sampler_.steps_per_epoch() + position_.step + 1 << ": NLL "
          << result_.nll() << ", norm of the gradient " << result_.gradient_norm
          << "; a smaller optimizer.learning_rate or data.standardize = true may help";
  throw core::Error(core::ExitCode::diverged, message.str()).as_agreed();
}

template <typename Real>
double DistributedObjective<Real>::shard_value_and_gradient(std::span<const Real> theta, std::uint64_t shard) {
  const data::Range part = sampler_.positions(shard, position_.step);
  if (part.size() == 0) {
    return 0;
  }
  const std::vector<std::uint32_t>& order = orders_[shard - dataset_.local_shards().first];
  {
    const core::PhaseScope scope(seconds_, core::Phase::compute);
    std::fill(shard_gradient_.begin(), shard_gradient_.end(), Real{0});
  }
  double nll_sum = 0;
  for (std::uint64_t first = part.first; first < part.last; first += microbatch_) {
    const std::uint64_t count = std::min(microbatch_, part.last - first);
    model::Batch<Real> batch;
    {
      const core::PhaseScope scope(seconds_, core::Phase::data);
      batch = dataset_.gather(shard, std::span(order).subspan(first, count));
    }
    const core::PhaseScope scope(seconds_, core::Phase::compute);
    model::GradientSink<Real>* sink = first + count == part.last ? &reducer_ : nullptr;
    nll_sum += network_.value_and_gradient(theta, batch, shard_gradient_, sink, workspace_);
  }
  return nll_sum;
}

template <typename Real>
void DistributedObjective<Real>::reduce_losses() {
  const std::uint64_t shards = dataset_.shards();
  encode(votes_, std::span(summary_).subspan(shards));
  channel_.start_sum(std::span(summary_));
  channel_.wait();
  result_ = {};
  result_.samples = sampler_.batch_samples(position_.step);
  for (std::uint64_t shard = 0; shard < shards; ++shard) {
    result_.nll_sum += summary_[shard];
  }
  result_.votes = decode(std::span(summary_).subspan(shards));
}

template <typename Real>
double DistributedObjective<Real>::add_penalty(std::span<const Real> theta, std::span<Real> gradient) const {
  if (l2_ == 0) {
    return 0;
  }
  double squares = 0;
  for (const model::Tensor& tensor : network_.layout().tensors()) {
    if (!tensor.penalized()) {
      continue;
    }
    const auto weights = theta.subspan(tensor.offset, tensor.size);
    const auto part = gradient.subspan(tensor.offset, tensor.size);
    const Real factor = static_cast<Real>(l2_);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      part[i] += factor * weights[i];
    }
    squares += linear_algebra::sum_of_squares<Real>(weights);
  }
  return l2_ / 2 * squares;
}

template class DistributedObjective<float>;
template class DistributedObjective<double>;

}  // namespace cauchy::training

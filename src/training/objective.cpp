// J over the ranks.

#include "cauchy/training/objective.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "gradient_norm.hpp"

namespace cauchy::training {
namespace {

// What is voted for, rather than a function of the state.
constexpr std::array voted_reasons{StopReason::max_seconds, StopReason::job_end, StopReason::request,
                                   StopReason::failure};

// Behind the losses of the shards and their weights, if data have any: the penalty, as the root computes it, and how
// many ranks voted for what.
enum SummaryVote : std::size_t {
  root_penalty,
  vote_save,
  vote_saving,
  first_stop_vote,
  vote_count = first_stop_vote + voted_reasons.size()
};

template <typename Real>
void clear_padding(const model::ParameterLayout& layout, std::span<Real> vector) {
  for (const model::Tensor& tensor : layout.tensors()) {
    const std::size_t end = tensor.offset + tensor.size;
    const bool is_last = tensor.index + 1 == layout.tensors().size();
    const std::size_t next = is_last ? vector.size() : layout[tensor.index + 1].offset;
    std::ranges::fill(vector.subspan(end, next - end), Real{0});
  }
}

template <typename Real>
double sum_of_magnitudes(std::span<const Real> values) {
  return std::transform_reduce(values.begin(), values.end(), 0.0, std::plus<>(),
                               [](Real value) { return std::abs(static_cast<double>(value)); });
}

Votes decode(std::span<const double> votes) {
  Votes result;
  result.save = votes[vote_save] > 0;
  result.saving = votes[vote_saving] > 0;
  for (std::size_t i = 0; i < voted_reasons.size(); ++i) {
    if (votes[first_stop_vote + i] > 0) {
      result.stop = std::max(result.stop, voted_reasons[i]);
    }
  }
  return result;
}

void encode(const Votes& votes, std::span<double> result) {
  result[vote_save] = votes.save ? 1 : 0;
  result[vote_saving] = votes.saving ? 1 : 0;
  for (std::size_t i = 0; i < voted_reasons.size(); ++i) {
    result[first_stop_vote + i] = votes.stop == voted_reasons[i] ? 1 : 0;
  }
}

/// Those of a sample, if they take no more memory than its features.
template <typename Real>
std::size_t shared_outputs(const ObjectiveParts<Real>& parts) {
  const data::SourceShape& shape = parts.dataset.shape();
  const std::uint64_t of_features = shape.sparse ? shape.elements / shape.rows : shape.inputs;
  return parts.model.shared_outputs() <= of_features ? parts.model.shared_outputs() : 0;
}

}  // namespace

template <typename Real>
DistributedObjective<Real>::DistributedObjective(ObjectiveParts<Real> parts, const ObjectiveSettings& settings)
    : parts_(parts),
      settings_(settings),
      summary_(parts.dataset.shards() * (parts.dataset.weighted() ? 2 : 1) + vote_count, 0.0),
      squares_(parts.reducer.blocks().count()),
      outputs_(shared_outputs(parts), parts.dataset.local_shards().size()) {
  powers_.resize(settings.norm_p == 2 ? 0 : squares_.size());
  settings_.microbatch = pass_samples(settings.microbatch, parts.sampler);
  parts_.workers.make_gradients(parts_.model.layout().padded_size());
  const data::Range shards = parts.dataset.local_shards();
  for (std::uint64_t shard = shards.first; shard < shards.last; ++shard) {
    orders_.emplace_back(parts.sampler, shard);
  }
}

template <typename Real>
void DistributedObjective<Real>::select(const SamplerPosition& position, const Votes& votes,
                                        std::function<void()> proved) {
  position_ = position;
  votes_ = votes;
  proved_ = std::move(proved);
  samples_used_ = 0;
  repeated_ = false;
  result_ = {};
  if (parts_.sampler.shuffles()) {
    outputs_.forget();
  }
  if (order_epoch_ == position.epoch) {
    return;
  }
  const core::PhaseScope scope(parts_.seconds, core::Phase::data);
  for (std::size_t i = 0; i < orders_.size(); ++i) {
    orders_[i].start(position.epoch);
    if (parts_.dataset.streams() && parts_.sampler.shuffles()) {
      parts_.dataset.expect(parts_.dataset.local_shards().first + i, orders_[i].blocks(),
                            orders_[i].first_block(position.epoch + 1));
    }
  }
  order_epoch_ = position.epoch;
}

template <typename Real>
double DistributedObjective<Real>::value_and_gradient(std::span<const Real> theta, std::span<Real> gradient) {
  const core::Doing doing("computing gradients");
  result_ = {};
  const model::Parameters<Real> parameters = parts_.workers.prepare(theta);
  const auto work = [&](Worker<Real>& worker, std::uint64_t shard) { add_gradient(parameters, shard, worker); };
  std::ranges::fill(summary_, 0.0);
  outputs_.start(theta);
  Verdict verdict = sum_over_shards(std::cref(work));
  if (verdict == Verdict::repeat) {
    result_.repeated = true;
    repeated_ = true;
    verdict = sum_over_shards(std::cref(work));
  }
  reduce_losses(penalty_at(theta));
  require_sum(verdict, "gradient");
  require_finite_value();
  if (const auto proved = std::exchange(proved_, nullptr)) {
    proved();
  }
  const bool is_first = samples_used_ == result_.samples;
  complete_gradient(theta, gradient);
  if (is_first) {
    first_result_ = result_;
  }
  return result_.nll() + result_.penalty;
}

template <typename Real>
void DistributedObjective<Real>::hessian_vector(std::span<const Real> theta, std::span<const Real> direction,
                                                std::span<Real> product) {
  const core::Doing doing("computing Hessian-vector products");
  const model::Parameters<Real> parameters = parts_.workers.prepare(theta);
  bool outputs_are_known = outputs_.ask(theta);
  if (!outputs_are_known) {
    outputs_.start(theta);
  }
  const auto work = [&](Worker<Real>& worker, std::uint64_t shard) {
    add_product(parameters, direction, outputs_are_known, shard, worker);
  };
  std::ranges::fill(summary_, 0.0);
  Verdict verdict = sum_over_shards(std::cref(work));
  if (verdict == Verdict::repeat) {
    outputs_are_known = outputs_.ask(theta);
    verdict = sum_over_shards(std::cref(work));
  }
  require_sum(verdict, "Hessian-vector product");
  samples_used_ += parts_.sampler.batch_samples(position_.step);
  if (result_.weight == 0) {  // the batch is new
    parts_.channel.sum(weights_of_shards());
    result_.weight = weight_of_batch();
  }
  complete_blocks(direction, product, [&](const model::Tensor& /*tensor*/, std::size_t block) {
    squares_[block] = linear_algebra::sum_of_squares<Real>(part(product, block));
  });
  if (!std::isfinite(norm_from_squares(product))) {
    throw divergence("the norm of the Hessian-vector product overflows");
  }
  collect_shares(product);
}

template <typename Real>
Verdict DistributedObjective<Real>::sum_over_shards(const WorkOfShard& work) {
  parts_.reducer.begin(shards_with_samples());
  parts_.workers.for_each_shard(parts_.dataset.local_shards(), work);
  return parts_.reducer.examine();
}

template <typename Real>
std::uint64_t DistributedObjective<Real>::shards_with_samples() const {
  const data::Range shards = parts_.dataset.local_shards();
  std::uint64_t count = 0;
  for (std::uint64_t shard = shards.first; shard < shards.last; ++shard) {
    count += parts_.sampler.positions(shard, position_.step).size() > 0 ? 1 : 0;
  }
  return count;
}

/// Calls pass(batch, gradient, keys, first) for the samples of a shard, as many at once as the model takes; the last
/// ones come with a sink, and `first` counts samples of the shard in the batch.
template <typename Real>
template <typename Pass>
void DistributedObjective<Real>::for_each_pass(std::uint64_t shard, Worker<Real>& worker, Pass pass) {
  const data::Range part = parts_.sampler.positions(shard, position_.step);
  if (part.size() == 0) {
    return;
  }
  data::RowOrder& order = orders_[shard - parts_.dataset.local_shards().first];
  model::GradientBuffer<Real> gradient{worker.gradient, linear_algebra::Write::overwrite, nullptr};
  for (std::uint64_t first = part.first; first < part.last; first += settings_.microbatch) {
    const std::uint64_t count = std::min(settings_.microbatch, part.last - first);
    model::Batch<Real> batch;
    std::span<const std::uint32_t> rows;
    {
      const core::PhaseScope scope(worker.seconds, core::Phase::data);
      rows = order.rows({first, first + count});
      batch = parts_.dataset.gather(shard, rows, worker.batch);
    }
    const core::PhaseScope scope(worker.seconds, core::Phase::compute);
    if (first + count == part.last) {
      gradient.sink = &parts_.reducer.sink(worker.thread, shard);
    }
    const model::RandomKeys keys{parts_.sampler.options().seed, position_.epoch, parts_.dataset.rows_of(shard).first,
                                 rows};
    pass(batch, gradient, keys, first - part.first);
    gradient.write = linear_algebra::Write::add;
    core::note_progress();
  }
}

template <typename Real>
void DistributedObjective<Real>::add_gradient(const model::Parameters<Real>& parameters, std::uint64_t shard,
                                              Worker<Real>& worker) {
  double nll_sum = 0;
  double weight = 0;
  for_each_pass(shard, worker, [&](const auto& batch, const auto& gradient, const auto& keys, std::uint64_t first) {
    nll_sum += parts_.model.value_and_gradient(parameters, batch, gradient, worker.workspace, &keys);
    keep_outputs(shard, first, batch.samples(), worker);
    weight += batch.observed.total_weight();
  });
  summary_[shard] = nll_sum;
  note_weight(shard, weight);
}

template <typename Real>
void DistributedObjective<Real>::add_product(const model::Parameters<Real>& parameters, std::span<const Real> direction,
                                             bool outputs_are_known, std::uint64_t shard, Worker<Real>& worker) {
  if (worker.tangents.samples == 0) {
    worker.tangents = parts_.model.workspace(worker.workspace.samples);
  }
  double weight = 0;
  for_each_pass(shard, worker, [&](const auto& batch, const auto& product, const auto& keys, std::uint64_t first) {
    const std::uint64_t local_shard = shard - parts_.dataset.local_shards().first;
    linear_algebra::MatrixView<const Real> outputs;
    if (outputs_are_known) {
      outputs = outputs_.rows(local_shard, first, batch.samples());
    }
    parts_.model.hessian_vector(parameters, direction, batch, product, worker.workspace, worker.tangents, &keys,
                                outputs);
    if (!outputs_are_known) {
      keep_outputs(shard, first, batch.samples(), worker);
    }
    weight += batch.observed.total_weight();
  });
  note_weight(shard, weight);
}

template <typename Real>
void DistributedObjective<Real>::keep_outputs(std::uint64_t shard, std::uint64_t first, std::uint64_t count,
                                              const Worker<Real>& worker) {
  if (outputs_.is_active()) {
    outputs_.keep(shard - parts_.dataset.local_shards().first, parts_.sampler.positions(shard, position_.step).size(),
                  first, count, worker.workspace.outputs.back());
  }
}

/// Σ w of each shard; empty where data have no weights.
template <typename Real>
std::span<double> DistributedObjective<Real>::weights_of_shards() {
  const std::uint64_t shards = parts_.dataset.shards();
  return std::span(summary_).subspan(shards, parts_.dataset.weighted() ? shards : 0);
}

template <typename Real>
void DistributedObjective<Real>::note_weight(std::uint64_t shard, double weight) {
  if (parts_.dataset.weighted()) {
    weights_of_shards()[shard] = weight;
  }
}

/// n, once those of all ranks' shards are there.
template <typename Real>
double DistributedObjective<Real>::weight_of_batch() {
  const std::span<const double> weights = weights_of_shards();
  return parts_.dataset.weighted() ? std::accumulate(weights.begin(), weights.end(), 0.0)
                                   : static_cast<double>(parts_.sampler.batch_samples(position_.step));
}

template <typename Real>
void DistributedObjective<Real>::reduce_losses(double own_penalty) {
  const std::span<double> behind_shards = std::span(summary_).last(vote_count);
  encode(votes_, behind_shards);
  // One rank's number decides: a rank that holds another Θ must not go another way before the guard has found it.
  behind_shards[root_penalty] = parts_.channel.ranks().is_root() ? own_penalty : 0;
  parts_.channel.sum(std::span(summary_));
  result_.samples = parts_.sampler.batch_samples(position_.step);
  samples_used_ += result_.samples;
  for (std::uint64_t shard = 0; shard < parts_.dataset.shards(); ++shard) {
    result_.nll_sum += summary_[shard];
  }
  result_.weight = weight_of_batch();
  result_.penalty = behind_shards[root_penalty];
  result_.votes = decode(behind_shards);
}

// Agreed: every rank has the same numbers.
template <typename Real>
void DistributedObjective<Real>::require_sum(Verdict verdict, const std::string& what) {
  if (verdict == Verdict::repeat) {
    throw core::Error(core::ExitCode::lost,
                      "step " + std::to_string(step_number()) +
                          " gave other gradients when it was repeated: memory, a processor or a library is not to be "
                          "trusted; go on elsewhere with --resume")
        .as_agreed();
  }
  if (verdict == Verdict::not_finite) {
    const Fault fault = parts_.reducer.fault();
    throw divergence("the " + what + " of " + parts_.model.layout()[fault.tensor].path() +
                     " is NaN, infinite or too large to be summed in shard " + std::to_string(fault.shard))
        .as_agreed();
  }
}

// Agreed: as above.
template <typename Real>
void DistributedObjective<Real>::require_finite_value() {
  for (std::uint64_t shard = 0; shard < parts_.dataset.shards(); ++shard) {
    if (!std::isfinite(summary_[shard])) {
      throw divergence("the NLL is NaN or infinite in shard " + std::to_string(shard)).as_agreed();
    }
  }
  if (!std::isfinite(result_.nll() + result_.penalty)) {
    throw divergence("the sum of the NLL, the penalty, or the penalty's gradient overflows").as_agreed();
  }
}

template <typename Real>
core::Error DistributedObjective<Real>::divergence(const std::string& what) const {
  return {core::ExitCode::diverged, "diverged at step " + std::to_string(step_number()) + ": " + what +
                                        "; a smaller optimizer.learning_rate or data.standardize = true may help"};
}

/// Counted from 1, as in reports.
template <typename Real>
std::uint64_t DistributedObjective<Real>::step_number() const {
  return position_.epoch * parts_.sampler.steps_per_epoch() + position_.step + 1;
}

/// What it does beside communicating is computing.
template <typename Real>
void DistributedObjective<Real>::finish_sum() {
  const core::Timer timer;
  const double communication_before = parts_.seconds[core::Phase::communication];
  parts_.reducer.finish();
  parts_.seconds[core::Phase::compute] +=
      timer.seconds() - (parts_.seconds[core::Phase::communication] - communication_before);
}

// g = Σ/n + λ·weights, and its norm.
template <typename Real>
void DistributedObjective<Real>::complete_gradient(std::span<const Real> theta, std::span<Real> gradient) {
  std::ranges::fill(powers_, Powers{});
  complete_blocks(theta, gradient, [&](const model::Tensor& tensor, std::size_t block) {
    const std::span<const Real> values = part(gradient, block);
    const std::span<const Real> weights = part(theta, block);
    const double l1 = tensor.penalized() ? settings_.l1 : 0;
    squares_[block] = sum_of_squares<Real>(values, weights, l1);
    if (!powers_.empty()) {
      powers_[block] = powers_of<Real>(values, weights, l1, settings_.norm_p);
    }
  });
  sum_over_shares(powers_);
  result_.gradient_norm = norm_from_squares(gradient);
  if (!std::isfinite(result_.gradient_norm)) {
    throw divergence("the norm of the gradient overflows");
  }
  result_.norm = powers_.empty() ? result_.gradient_norm : norm_from_powers(powers_, settings_.norm_p);
  clip(gradient);
}

/// All ranks have the same norm.
template <typename Real>
void DistributedObjective<Real>::clip(std::span<Real> gradient) {
  const bool is_long = settings_.clip_norm > 0 && result_.gradient_norm > settings_.clip_norm;
  if (!is_long && settings_.clip_value == 0) {
    return;
  }
  const auto factor = static_cast<Real>(is_long ? settings_.clip_norm / result_.gradient_norm : 1);
  const auto limit =
      settings_.clip_value > 0 ? static_cast<Real>(settings_.clip_value) : std::numeric_limits<Real>::infinity();
  const auto [begin, end] = parts_.shares.elements(parts_.channel.ranks().rank()).within(gradient.size());
  const std::span<Real> own = gradient.subspan(begin, end - begin);
  const auto work = [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      own[i] = std::clamp(factor * own[i], -limit, limit);
    }
  };
  for_ranges(own.size(), std::cref(work));
}

/// values = Σ/n + λ·point in the blocks of the rank's share, and measure(tensor, block) for each, while it is in the
/// cache, to set its squares.
template <typename Real>
template <typename Measure>
void DistributedObjective<Real>::complete_blocks(std::span<const Real> point, std::span<Real> values, Measure measure) {
  finish_sum();
  std::ranges::fill(squares_, 0.0);
  const reduction::Blocks& blocks = parts_.reducer.blocks();
  const data::Range own = own_blocks();
  const auto complete = [&](std::size_t first, std::size_t last) {
    first += own.first;
    last += own.first;
    for (const model::Tensor& tensor : parts_.model.layout().tensors()) {
      const std::size_t end = std::min(last, blocks.first_of(tensor.index + 1));
      for (std::size_t block = std::max(first, blocks.first_of(tensor.index)); block < end; ++block) {
        parts_.reducer.mean(block, result_.divisor(), part(values, block));
        if (tensor.penalized()) {
          add_penalty_gradient(part(point, block), part(values, block));
        }
        measure(tensor, block);
      }
    }
  };
  parts_.workers.for_ranges(own.size(), least_elements_a_thread / reduction::Blocks::block_elements,
                            std::cref(complete));
  clear_padding(parts_.model.layout(), values);
  sum_over_shares(squares_);
}

/// Of a vector whose blocks have been measured: the same bits on every rank.
template <typename Real>
double DistributedObjective<Real>::norm_from_squares(std::span<const Real> values) {
  const double squares = std::accumulate(squares_.begin(), squares_.end(), 0.0);
  if (!std::isinf(squares)) {
    return std::sqrt(squares);
  }
  std::vector<Powers> powers(squares_.size());
  const data::Range own = own_blocks();
  for (std::size_t block = own.first; block < own.last; ++block) {
    powers[block] = powers_of<Real>(part(values, block), {}, 0, 2);
  }
  sum_over_shares(powers);
  return norm_from_powers(powers, 2);
}

template <typename Real>
template <typename T>
std::span<T> DistributedObjective<Real>::part(std::span<T> vector, std::size_t block) const {
  const reduction::Extent extent = parts_.reducer.blocks()[block];
  return vector.subspan(extent.offset, extent.size);
}

/// Those whose gradient this rank completes.
template <typename Real>
data::Range DistributedObjective<Real>::own_blocks() const {
  return parts_.shares.blocks(parts_.channel.ranks().rank(), parts_.reducer.blocks().count());
}

template <typename Real>
void DistributedObjective<Real>::sum_over_shares(std::span<double> numbers) {
  if (parts_.shares.divided()) {
    parts_.channel.sum(numbers);
  }
}

template <typename Real>
void DistributedObjective<Real>::sum_over_shares(std::vector<Powers>& powers) {
  if (!parts_.shares.divided()) {
    return;
  }
  std::vector<double> numbers;
  for (const Powers& block : powers) {
    numbers.insert(numbers.end(), {block.largest, block.sum});
  }
  sum_over_shares(numbers);
  for (std::size_t block = 0; block < powers.size(); ++block) {
    powers[block] = {numbers[2 * block], numbers[2 * block + 1]};
  }
}

template <typename Real>
void DistributedObjective<Real>::collect_shares(std::span<Real> theta) {
  if (parts_.shares.divided()) {
    const core::Doing doing("collecting parameters");
    parts_.reducer.exchange(theta, parts_.shares.bounds());
  }
}

template <typename Real>
void DistributedObjective<Real>::for_ranges(std::size_t elements,
                                            const std::function<void(std::size_t, std::size_t)>& work) {
  parts_.workers.for_ranges(elements, least_elements_a_thread, work);
}

template <typename Real>
double DistributedObjective<Real>::of_root(double value) {
  double result = parts_.channel.ranks().is_root() ? value : 0;
  parts_.channel.sum(std::span(&result, 1));
  return result;
}

template <typename Real>
double DistributedObjective<Real>::penalty_at(std::span<const Real> theta) const {
  if (settings_.l2 == 0 && settings_.l1 == 0) {
    return 0;
  }
  const core::PhaseScope scope(parts_.seconds, core::Phase::compute);
  return penalty<Real>(parts_.model.layout(), theta, settings_.l2, settings_.l1);
}

template <typename Real>
double penalty(const model::ParameterLayout& layout, std::span<const Real> theta, double l2, double l1) {
  double squares = 0;
  double magnitudes = 0;
  for (const model::Tensor& tensor : layout.tensors()) {
    if (tensor.penalized()) {
      const std::span<const Real> weights = theta.subspan(tensor.offset, tensor.size);
      squares += l2 > 0 ? linear_algebra::sum_of_squares<Real>(weights) : 0;
      magnitudes += l1 > 0 ? sum_of_magnitudes(weights) : 0;
    }
  }
  const bool gradient_fits = l2 * std::sqrt(squares) < static_cast<double>(std::numeric_limits<Real>::max()) / 2;
  return gradient_fits ? l2 / 2 * squares + l1 * magnitudes : std::numeric_limits<double>::infinity();
}

template <typename Real>
void DistributedObjective<Real>::add_penalty_gradient(std::span<const Real> weights, std::span<Real> gradient) const {
  if (settings_.l2 == 0) {
    return;
  }
  const auto factor = static_cast<Real>(settings_.l2);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    gradient[i] += factor * weights[i];
  }
}

template double penalty(const model::ParameterLayout&, std::span<const float>, double, double);
template double penalty(const model::ParameterLayout&, std::span<const double>, double, double);
template class DistributedObjective<float>;
template class DistributedObjective<double>;

}  // namespace cauchy::training

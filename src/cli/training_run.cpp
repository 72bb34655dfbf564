// One run of training, wired from its settings.

#include "cauchy/cli/training_run.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include "cauchy/checkpoint/observer.hpp"
#include "cauchy/cli/deadlines.hpp"
#include "cauchy/cli/failure.hpp"
#include "cauchy/cli/fresh_model.hpp"
#include "cauchy/cli/memory_estimate.hpp"
#include "cauchy/cli/method.hpp"
#include "cauchy/cli/own_problem.hpp"
#include "cauchy/cli/run_folders.hpp"
#include "cauchy/cli/run_report.hpp"
#include "cauchy/cli/summation.hpp"
#include "cauchy/cli/tokens.hpp"
#include "cauchy/cli/training_data.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/data/sampler.hpp"
#include "cauchy/reporting/metrics_file.hpp"
#include "cauchy/reporting/number.hpp"
#include "cauchy/reporting/progress.hpp"
#include "cauchy/reporting/row_progress.hpp"
#include "cauchy/reporting/terminal.hpp"
#include "cauchy/storage/atomic_file.hpp"
#include "cauchy/training/evaluation.hpp"
#include "cauchy/training/objective.hpp"
#include "cauchy/training/rising_steps.hpp"
#include "cauchy/training/stopping.hpp"
#include "cauchy/training/workers.hpp"

namespace cauchy::cli {
namespace {

using reporting::grouped;
using reporting::short_text;

// Agreed, since every rank has the same numbers.
void check_rows(const data::Source& source, std::uint64_t rows, std::uint64_t rows_before) {
  if (rows != rows_before) {
    throw core::UserError(source.key + " = " + source.path + ": has " + std::to_string(rows) +
                          " rows, the checkpoint was made with " + std::to_string(rows_before))
        .as_agreed();
  }
}

std::string without_checkpoint(const std::string& reason) {
  return "the last step has no checkpoint: " + reason;
}

/// " with 51.2 of 1 000 000 features each", of sparse ones.
std::string density_text(const data::SourceShape& shape) {
  const double elements = static_cast<double>(shape.elements) / static_cast<double>(shape.rows);
  return shape.sparse ? " with " + short_text(elements, 3) + " of " + grouped(shape.inputs) + " features each" : "";
}

/// "whole numbers from 0 to 9, mean 4.5, variance 8.2".
std::string targets_text(const model::TargetSummary& targets) {
  const std::string range = std::string(targets.whole_numbers ? "whole numbers" : "numbers") + " from " +
                            short_text(targets.smallest) + " to " + short_text(targets.largest);
  return targets.mean.size() > 1
             ? range
             : range + ", mean " + short_text(targets.mean[0]) + ", variance " + short_text(targets.variance[0]);
}

std::string precision_text(const std::string& precision) {
  if (precision != "bf16") {
    return precision;
  }
  return linear_algebra::have_bf16_instructions()
             ? "bf16"
             : "operands rounded to bf16, but multiplied as floats: this processor, or DNNL_MAX_CPU_ISA, allows no "
               "instructions for bf16";
}

std::string first_of(const std::vector<std::string>& names) {
  return names.empty() ? "" : names.front();
}

}  // namespace

/// What computes gradients. Made by all ranks together.
template <typename Real>
struct TrainingRun<Real>::Engine {
  communication::Channel channel;
  std::optional<data::Sampler> sampler;
  std::optional<training::Workers<Real>> workers;
  std::unique_ptr<training::Reducer<Real>> reducer;
  std::optional<training::DistributedObjective<Real>> objective;

  explicit Engine(TrainingRun& run) : channel(run.ranks_, run.seconds_, run.summation_.overlap) {
    const Settings& settings = run.settings_;
    std::unique_ptr<communication::SharedArrays> shared = run.share_memory();
    communication::agree(run.ranks_, [&] {
      sampler = run.make_sampler();
      workers.emplace(*run.model_, run.samples_of_a_pass(*sampler), settings.run.threads, run.seconds_);
      reducer = run.make_reducer(channel, std::move(shared));
      objective.emplace(
          training::ObjectiveParts<Real>{*run.model_, *run.train_data_, *sampler, *reducer, *workers, channel,
                                         run.seconds_, run.shares_},
          training::ObjectiveSettings{settings.model.l2, settings.model.l1, settings.method.clip_norm,
                                      settings.method.clip_value, settings.stop.norm_p, run.microbatch()});
    });
    reducer->scatter(run.state_.residuals);
  }
};

/// Does what the channel communicates for.
template <typename Real>
template <typename Work>
auto TrainingRun<Real>::unless_busy(const communication::Channel& channel, Work work) const {
  try {
    return work();
  } catch (const std::exception&) {
    if (channel.is_busy()) {
      fail_alone(ranks_);  // to unwind would be to free what a sum works on that other ranks will never join
    }
    throw;
  }
}

/// What the root alone does beside training.
template <typename Real>
struct TrainingRun<Real>::RootObservers {
  reporting::MetricsFile<Real> metrics;
  checkpoint::CheckpointObserver<Real> checkpoints;
  reporting::Progress<Real> progress;
  training::TimeLimit<Real> time_limit;

  RootObservers(TrainingRun& run, RunLocks& locks, std::uint64_t steps_per_epoch)
      : metrics({run_folders(run.settings_).metrics(), run.model_->metrics(), run.settings_.output.every_steps},
                run.state_),
        checkpoints(run.settings_.checkpoint,
                    {.description = run.description(),
                     .steps_per_epoch = steps_per_epoch,
                     .validates = run.validation_data_ != nullptr,
                     .warnings = std::cerr,
                     .seconds = run.seconds_,
                     .prepare =
                         [this, &run, &locks] {
                           if (locks.renew()) {
                             run.write_resolved();
                           }
                           metrics.sync();  // its rows up to this step are written: a resumed run goes on from them
                         }},
                    run.state_),
        progress({reporting::output_is_terminal(), first_of(run.model_->metrics()), run.settings_.stop}, std::cout,
                 run.state_),
        time_limit(
            deadlines(run.settings_.stop, run.launch_), run.launch_, [this] { return checkpoints.expected_seconds(); },
            run.steps_to_evaluate(steps_per_epoch)) {}
};

template <typename Real>
TrainingRun<Real>::TrainingRun(const communication::Communicator& ranks, Settings& settings, const StartingPoint& start,
                               const core::Timer& launch)
    : ranks_(ranks), settings_(settings), resumed_from_(start.path), launch_(launch) {
  const core::Timer timer;
  auto [reader, validation] = open_training_data(ranks_, settings_, start.problem.encoding);
  const data::Source source = reader->source();
  const std::uint64_t rows = reader->shape().rows;
  check_shards(*reader, settings_);
  check_spread(spread());
  check_summation(settings_);
  communication::agree(ranks_, [&] { model::check(settings_.model); });
  const data::Encoding encoding = start.resumed ? start.problem.encoding : reader->encoding();
  if (!validation) {
    validation = open_evaluation_data("data.validation", settings_.data.validation, encoding);
  }
  auto test = open_evaluation_data("data.test", settings_.data.test, encoding);
  sets_ = {training_set(*reader, settings_), {validation.get()}, {test.get()}};
  storage_ = store_samples(ranks_, settings_, sets_);
  if (start.resumed) {
    check_columns(*reader, start.problem);
    check_rows(source, rows, start.problem.rows);
    continue_run(start, std::move(reader));
  } else {
    start_run(std::move(reader));
  }
  check_method(settings_, make_sampler().steps_per_epoch(), model_->hessian_fault());
  settle_schedule(ranks_, settings_, make_sampler().steps_per_epoch());
  validation_data_ = read_evaluation_data(std::move(validation), storage_[1]);
  test_data_ = read_evaluation_data(std::move(test), storage_[2]);
  for (data::Dataset<Real>* dataset : {train_data_.get(), validation_data_.get(), test_data_.get()}) {
    if (dataset != nullptr && network_) {
      training::check_observations(ranks_, network_->likelihood(), settings_.model.likelihood, *dataset);
      training::check_features(ranks_, *network_, *dataset);
    }
  }
  reading_seconds_ = timer.seconds();
  summation_ = choose_summation(settings_, model_->layout().parameter_count(), rows);
  choose_exchange(ranks_, settings_, model_->layout().padded_size(), summation_);
}

template <typename Real>
void TrainingRun<Real>::continue_run(const StartingPoint& start, std::unique_ptr<const data::Reader> reader) {
  problem_ = start.problem;
  model_ = own_model<Real>(settings_);
  if (model_ != nullptr) {
    check_own_problem(*reader, settings_);
  } else {
    check_tokens(*reader, settings_);
    network_ = make_network<Real>(ranks_, settings_, problem_, 2);
    model_ = network_.get();
  }
  make_method();
  state_ = load_state(ranks_, start.path, model_->layout(), *method_, shares_);
  train_data_ = std::make_unique<data::Dataset<Real>>(ranks_, std::move(reader), settings_.data.shards,
                                                      state_.standardization, storage_[0].streamed_block_rows);
}

template <typename Real>
void TrainingRun<Real>::start_run(std::unique_ptr<const data::Reader> reader) {
  FreshModel<Real> fresh =
      make_fresh_model<Real>(ranks_, settings_, std::move(reader), storage_[0].streamed_block_rows);
  state_.standardization = std::move(fresh.standardization);
  train_data_ = std::move(fresh.train);
  problem_ = std::move(fresh.problem);
  network_ = std::move(fresh.network);
  model_ = fresh.model;
  make_method();
  communication::agree(ranks_, [&] { state_.method = method_->start(std::move(fresh.theta)); });
}

template <typename Real>
void TrainingRun<Real>::make_method() {
  shares_ = settings_.method.sharded ? training::Shares(model_->layout(), ranks_.size()) : training::Shares();
  method_ = cli::make_method<Real>(ranks_, settings_, model_->layout(), shares_);
}

template <typename Real>
std::unique_ptr<const data::Reader> TrainingRun<Real>::open_evaluation_data(const std::string& key,
                                                                            const std::string& path,
                                                                            const data::Encoding& training) const {
  return path.empty() ? nullptr : data::open_reader(ranks_, settings_.source(key, path), training);
}

template <typename Real>
std::unique_ptr<data::Dataset<Real>> TrainingRun<Real>::read_evaluation_data(std::unique_ptr<const data::Reader> reader,
                                                                             const SampleStorage& storage) const {
  if (!reader) {
    return nullptr;
  }
  check_columns(*reader, problem_);
  if (network_) {
    check_tokens(*reader, settings_);
  }
  return std::make_unique<data::Dataset<Real>>(ranks_, std::move(reader), settings_.data.shards, state_.standardization,
                                               storage.streamed_block_rows);
}

/// Of all data sets.
template <typename Real>
data::StreamSummary TrainingRun<Real>::stream_summary() const {
  data::StreamSummary summary;
  for (const data::Dataset<Real>* dataset : {train_data_.get(), validation_data_.get(), test_data_.get()}) {
    if (dataset != nullptr) {
      const data::StreamSummary part = dataset->stream_summary();
      summary.blocks += part.blocks;
      summary.late += part.late;
      summary.waited_seconds += part.waited_seconds;
    }
  }
  return summary;
}

/// Of vectors that measure a rate, and of the outputs that products share, with their Θ.
template <typename Real>
std::uint64_t TrainingRun<Real>::product_bytes() const {
  const std::uint64_t vectors = settings_.method.measures_rate() ? 3 : 0;
  const std::uint64_t outputs = model_->shared_outputs();
  const std::uint64_t ranks = static_cast<std::uint64_t>(ranks_.size());
  const std::uint64_t rows = train_data_->largest_shard() * ((settings_.data.shards + ranks - 1) / ranks);
  return sizeof(Real) * (model_->layout().padded_size() * (vectors + (outputs > 0 ? 1 : 0)) + rows * outputs);
}

template <typename Real>
void TrainingRun<Real>::describe() const {
  if (!ranks_.is_root()) {
    return;
  }
  std::uint64_t bytes = 0;
  std::uint64_t bytes_a_sample = 0;
  for (const SampleStorage& storage : storage_) {
    bytes += storage.bytes;
  }
  for (const data::Dataset<Real>* dataset : {train_data_.get(), validation_data_.get(), test_data_.get()}) {
    if (dataset != nullptr) {
      const std::uint64_t beside =
          ((dataset->weighted() ? 1U : 0U) + (dataset->source().exposure.empty() ? 0U : 1U)) * sizeof(Real);
      bytes_a_sample = std::max(bytes_a_sample, sample_bytes(dataset->shape(), sizeof(Real)) + beside);
    }
  }
  const std::uint64_t shards = settings_.data.shards;
  const std::uint64_t samples = samples_of_a_pass(make_sampler());
  const bool takes_products = settings_.method.measures_rate() || settings_.method.method == "newton_cg";
  const std::size_t workspaces = takes_products ? 2 : 1;  // tangents have their own
  const MemoryFactors memory{
      static_cast<std::uint64_t>(ranks_.size()),
      settings_.run.threads,
      shards,
      sizeof(Real),
      model_->layout().padded_size(),
      state_.method.slots.size(),
      method_->vectors_beside(state_.method),
      checkpoint::copies_of_state(validation_data_ != nullptr),
      summation_bytes(summation_, settings_),
      summation_.shares_memory,
      bytes,
      samples,
      bytes_a_sample,
      workspaces * model_->workspace_bytes(samples, train_data_->shape().sparse),
      model_->rounds_operands() ? sizeof(linear_algebra::Bf16) * model_->layout().padded_size() : 0,
      has_feedback(summation_),
      shares_.divided(),
      takes_products ? product_bytes() : 0};
  const model::TargetSummary& targets = train_data_->summary();
  const std::string_view better = network_ ? model::better_likelihood(settings_.model.likelihood, targets) : "";
  std::cout << "model       " << grouped(model_->layout().parameter_count()) << " parameters, " << model_text() << "\n"
            << "data        " << grouped(train_data_->shape().rows) << " samples" << density_text(train_data_->shape())
            << " in " << shards << " shards, " << (train_data_->streams() ? "checked in " : "read in ")
            << short_text(reading_seconds_, 3) << " s\n"
            << "targets     " << targets_text(targets)
            << (better.empty() ? "" : "; model.likelihood = " + std::string(better) + " is made for such") << "\n"
            << storage_text(sets_, storage_) << spread_text(spread()) << "sum         " << summation_text(summation_)
            << "\n"
            << "products    " << linear_algebra::product_backend<Real>() << ", " << linear_algebra::instruction_set()
            << ", " << precision_text(settings_.run.precision) << "\n"
            << "memory      " << memory_text(memory) << "\n"
            << std::flush;
}

template <typename Real>
std::string TrainingRun<Real>::model_text() const {
  if (!network_) {
    return settings_.own.name + " of " + std::to_string(problem_.inputs) + " features";
  }
  std::string text = std::to_string(problem_.inputs) + " inputs" + tokens_text(settings_.model);
  for (const std::uint64_t width : settings_.model.layers) {
    text += " - " + std::to_string(width);
  }
  return text + " - " + std::to_string(network_->likelihood().outputs()) + " outputs, " + settings_.model.likelihood;
}

template <typename Real>
data::Sampler TrainingRun<Real>::make_sampler() const {
  return data::Sampler({train_data_->shape().rows, settings_.data.shards, settings_.batch.batch_size,
                        settings_.data.block_rows, settings_.run.seed});
}

/// Of the training data. With sparse features, the weights of the first layer and their gradient compete for the cache
/// in every pass; where a pass takes no other memory worth mentioning, there are few.
template <typename Real>
std::uint64_t TrainingRun<Real>::microbatch() const {
  constexpr std::uint64_t most_outputs = 1 << 22;
  const std::uint64_t usual = settings_.data.rows_of_a_pass();
  return settings_.data.microbatch == 0 && network_ && settings_.model.layers.empty() && train_data_->shape().sparse
             ? std::max(usual, most_outputs / network_->likelihood().outputs())
             : usual;
}

/// The most samples that pass through the model at once.
template <typename Real>
std::uint64_t TrainingRun<Real>::samples_of_a_pass(const data::Sampler& sampler) const {
  return std::max(
      training::DistributedObjective<Real>::pass_samples(microbatch(), sampler),
      evaluation_samples<Real>(settings_.data.rows_of_a_pass(), {validation_data_.get(), test_data_.get()}));
}

/// Collective. For the sum, where that is wanted and the system permits it.
template <typename Real>
std::unique_ptr<communication::SharedArrays> TrainingRun<Real>::share_memory() const {
  if (!summation_.shares_memory) {
    return nullptr;
  }
  auto shared = communication::SharedArrays::make(
      ranks_, model_->layout().padded_size() * summation_bytes(summation_, settings_));
  if (!shared && ranks_.is_root()) {
    std::cerr << "cauchy: warning: the system does not let ranks share memory: their sums travel as messages, which is "
                 "slower\n";
  }
  return shared;
}

template <typename Real>
Spread TrainingRun<Real>::spread() const {
  return {static_cast<std::uint64_t>(ranks_.size()), settings_.run.threads, settings_.data.shards};
}

template <typename Real>
std::unique_ptr<training::Reducer<Real>> TrainingRun<Real>::make_reducer(
    communication::Channel& channel, std::unique_ptr<communication::SharedArrays> shared) const {
  const model::ParameterLayout& layout = model_->layout();
  const auto [ranks, threads, shards] = spread();
  return summation_.exact ? training::make_exact_reducer<Real>(layout, channel, summation_.width, shards, threads,
                                                               state_.units, std::move(shared), shares_)
                          : training::make_float_reducer<Real>(layout, channel, shards, threads);
}

template <typename Real>
std::unique_ptr<typename TrainingRun<Real>::RootObservers> TrainingRun<Real>::open_outputs(
    RunLocks& locks, std::uint64_t steps_per_epoch) {
  std::unique_ptr<RootObservers> observers;
  communication::agree_on_root(ranks_, [&] {
    const RunFolders folders = run_folders(settings_);
    open_folders(folders, locks, resumed_from_, state_.stopping.steps);
    write_resolved();
    observers = std::make_unique<RootObservers>(*this, locks, steps_per_epoch);
  });
  return observers;
}

/// How many steps use as many samples as there are test data. A step does more with a sample than an evaluation.
template <typename Real>
double TrainingRun<Real>::steps_to_evaluate(std::uint64_t steps_per_epoch) const {
  const double rows = test_data_ != nullptr ? static_cast<double>(test_data_->shape().rows) : 0;
  return rows * static_cast<double>(steps_per_epoch) / static_cast<double>(train_data_->shape().rows);
}

template <typename Real>
void TrainingRun<Real>::write_resolved() const {
  storage::write_text_file(run_folders(settings_).resolved(), config::resolved_text(settings_.resolution));
}

template <typename Real>
checkpoint::Description TrainingRun<Real>::description() const {
  return {model_->layout(), config::problem_text(settings_.resolution), problem_,
          std::string(linear_algebra::instruction_set()), std::string(linear_algebra::product_backend<Real>())};
}

/// Collective. An earlier run may have ended between best.h5 and the checkpoint of the same step.
template <typename Real>
void TrainingRun<Real>::number_last_step() const {
  communication::agree_on_root(ranks_, [&] {
    const std::filesystem::path& folder = settings_.checkpoint.directory;
    if (resumed_from_ != checkpoint::best_path(folder)) {
      return;
    }
    try {
      checkpoint::number_best(folder, state_.stopping.steps);
    } catch (const core::InputOutputError& error) {
      throw core::InputOutputError(without_checkpoint(error.what()));
    }
  });
}

/// Collective. With sums of its own, so that training starts as it does where the rate is given.
template <typename Real>
void TrainingRun<Real>::measure_learning_rate() {
  if (settings_.method.measures_rate()) {
    Engine engine(*this);
    unless_busy(engine.channel,
                [&] { settle_learning_rate<Real>(ranks_, settings_, *engine.objective, state_.method.x); });
  }
}

template <typename Real>
core::ExitCode TrainingRun<Real>::train(RunLocks& locks) {
  const training::StopReason done = training::stop_reason(settings_.stop, state_);
  if (done != training::StopReason::none) {
    if (ranks_.is_root()) {
      std::cout << "nothing to do: stopped by " << training::stop_reason_name(done) << " after "
                << grouped(state_.stopping.steps) << " steps\nparameters digest: "
                << checkpoint::parameters_digest<Real>(model_->layout(), std::span<const Real>(state_.method.x))
                << std::endl;
    }
    number_last_step();
    return core::ExitCode::done;
  }
  measure_learning_rate();
  Engine engine(*this);
  const optimize::Schedule schedule(settings_.method.learning_rate, settings_.schedule);
  training::Trainer<Real> trainer({.channel = engine.channel,
                                   .model = *model_,
                                   .method = *method_,
                                   .schedule = schedule,
                                   .objective = *engine.objective,
                                   .reducer = *engine.reducer,
                                   .sampler = *engine.sampler,
                                   .workers = *engine.workers,
                                   .seconds = seconds_,
                                   .validation = validation_data_.get(),
                                   .test = test_data_.get(),
                                   .microbatch = settings_.data.rows_of_a_pass(),
                                   .guard_steps = settings_.run.guard_steps,
                                   .shares = shares_},
                                  settings_.stop, state_);
  training::SignalWatch<Real> signals;
  trainer.add(signals);
  const std::unique_ptr<RootObservers> root = open_outputs(locks, engine.sampler->steps_per_epoch());
  if (root) {
    trainer.add(root->time_limit);
    trainer.add(root->metrics);  // before checkpoints: the rows up to a checkpoint are written first
    trainer.add(root->progress);
    trainer.add(root->checkpoints);
  }
  const core::Timer timer;
  const training::StepReport last = unless_busy(engine.channel, [&] { return trainer.run(); });
  const double wall_seconds = timer.seconds();
  const std::string times = time_text(ranks_, seconds_, wall_seconds, engine.channel.overlap_seconds()) +
                            stream_text(ranks_, stream_summary(), settings_.run.threads, wall_seconds);
  if (root) {
    std::cout << times
              << end_text<Real>({settings_, model_->layout(), state_, last, root->checkpoints, model_->metrics()})
              << std::flush;
  }
  return exit_code(last, root.get());
}

/// Collective.
template <typename Real>
optimize::RangeTest TrainingRun<Real>::test_rates(const optimize::RangeTestOptions& options) {
  Engine engine(*this);
  optimize::RangeTest test(options);
  reporting::RowProgress progress(std::cout, ranks_.is_root() && reporting::output_is_terminal(), "tested",
                                  options.steps, "steps");
  const auto tested = [&](std::uint64_t step) {
    if (ranks_.is_root()) {
      progress.advance(step);
    }
  };
  unless_busy(engine.channel, [&] {
    training::take_rising_steps<Real>({engine.channel, *method_, *engine.objective, *engine.sampler}, state_, test,
                                      tested);
  });
  return test;
}

/// Collective. Throws agreed errors where there is more to say than a number.
template <typename Real>
core::ExitCode TrainingRun<Real>::exit_code(const training::StepReport& last, const RootObservers* observers) const {
  communication::agree_on_root(ranks_, [&] {
    if (last.stop == training::StopReason::failure) {
      throw core::InputOutputError("training stopped, since checkpoint.required = true and one could not be written: " +
                                   observers->checkpoints.fatal_failure());
    }
    if (!observers->checkpoints.last_failure().empty()) {
      throw core::InputOutputError(without_checkpoint(observers->checkpoints.last_failure()));
    }
  });
  if (last.test && !std::isfinite(last.test->nll)) {
    throw core::Error(core::ExitCode::diverged, "diverged at step " + std::to_string(state_.stopping.steps) +
                                                    ": the NLL of data.test is NaN or infinite; a smaller "
                                                    "optimizer.learning_rate may help, or a look at the test data")
        .as_agreed();
  }
  return training::is_end(last.stop) ? core::ExitCode::done : core::ExitCode::stopped;
}

template class TrainingRun<float>;
template class TrainingRun<double>;

}  // namespace cauchy::cli

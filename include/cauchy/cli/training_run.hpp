#pragma once
/// One run of training, wired from its settings.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cauchy/cli/problem.hpp"
#include "cauchy/cli/run_folders.hpp"
#include "cauchy/cli/sample_storage.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/cli/spread.hpp"
#include "cauchy/cli/starting_point.hpp"
#include "cauchy/cli/summation.hpp"
#include "cauchy/communication/channel.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/data/sampler.hpp"
#include "cauchy/model/model.hpp"
#include "cauchy/model/network.hpp"
#include "cauchy/optimize/method.hpp"
#include "cauchy/optimize/range_test.hpp"
#include "cauchy/training/reducer.hpp"
#include "cauchy/training/shares.hpp"
#include "cauchy/training/state.hpp"
#include "cauchy/training/trainer.hpp"

namespace cauchy::cli {

/// Reads and checks all data and builds model and state on construction; then trains. All of it is collective.
template <typename Real>
class TrainingRun {
 public:
  /// `launch` started when the program did.
  TrainingRun(const communication::Communicator& ranks, Settings& settings, const StartingPoint& start,
              const core::Timer& launch);

  /// Tells what will run: sizes, memory, how the work is spread.
  void describe() const;

  /// Trains until a criterion holds, writes checkpoints and metrics, reports. The exit code of the command. `locks`: of
  /// the folders of the run that exist; those that it makes are added.
  core::ExitCode train(RunLocks& locks);

  /// Takes steps of a rate that rises, until they are all taken or lead nowhere; writes nothing. Throws an agreed
  /// core::Error if J is not finite where it starts.
  optimize::RangeTest test_rates(const optimize::RangeTestOptions& options);

  const training::TrainingState<Real>& state() const { return state_; }

 private:
  struct Engine;
  struct RootObservers;

  std::uint64_t product_bytes() const;
  void continue_run(const StartingPoint& start, std::unique_ptr<const data::Reader> reader);
  void start_run(std::unique_ptr<const data::Reader> reader);
  void make_method();
  std::unique_ptr<const data::Reader> open_evaluation_data(const std::string& key, const std::string& path,
                                                           const data::Encoding& training) const;
  std::unique_ptr<data::Dataset<Real>> read_evaluation_data(std::unique_ptr<const data::Reader> reader,
                                                            const SampleStorage& storage) const;
  data::Sampler make_sampler() const;
  std::uint64_t microbatch() const;
  std::uint64_t samples_of_a_pass(const data::Sampler& sampler) const;
  std::unique_ptr<communication::SharedArrays> share_memory() const;
  Spread spread() const;
  void write_resolved() const;
  void number_last_step() const;
  void measure_learning_rate();
  data::StreamSummary stream_summary() const;
  std::string model_text() const;
  double steps_to_evaluate(std::uint64_t steps_per_epoch) const;
  checkpoint::Description description() const;
  std::unique_ptr<training::Reducer<Real>> make_reducer(communication::Channel& channel,
                                                        std::unique_ptr<communication::SharedArrays> shared) const;
  std::unique_ptr<RootObservers> open_outputs(RunLocks& locks, std::uint64_t steps_per_epoch);
  template <typename Work>
  auto unless_busy(const communication::Channel& channel, Work work) const;
  core::ExitCode exit_code(const training::StepReport& last, const RootObservers* observers) const;

  const communication::Communicator& ranks_;
  Settings& settings_;
  std::filesystem::path resumed_from_;  ///< on the root; empty: a fresh run
  core::Timer launch_;
  core::PhaseSeconds seconds_;
  double reading_seconds_ = 0;
  Summation summation_;
  std::vector<SampleSet> sets_;         ///< training, validation, test
  std::vector<SampleStorage> storage_;  ///< of each of them
  checkpoint::ProblemShape problem_;
  std::unique_ptr<data::Dataset<Real>> train_data_;
  std::unique_ptr<data::Dataset<Real>> validation_data_;  ///< none where data.validation is not set
  std::unique_ptr<data::Dataset<Real>> test_data_;
  std::unique_ptr<model::Network<Real>> network_;  ///< null: the model is the program's own
  const model::Model<Real>* model_ = nullptr;      ///< the network, or the program's own
  training::Shares shares_;
  std::unique_ptr<optimize::Method<Real>> method_;
  training::TrainingState<Real> state_;
};

}  // namespace cauchy::cli

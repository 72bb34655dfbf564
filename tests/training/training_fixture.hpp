#pragma once
/// All the parts of a small training run over the ranks of a test.

#include <memory>
#include <string>
#include <vector>

#include "cauchy/communication/channel.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/data/sampler.hpp"
#include "cauchy/linear_algebra/product.hpp"
#include "cauchy/model/network.hpp"
#include "cauchy/training/objective.hpp"
#include "cauchy/training/reducer.hpp"
#include "cauchy/training/trainer.hpp"
#include "support/shared_folder.hpp"
#include "support/toy_data.hpp"
#include "support/world.hpp"

namespace cauchy::training {

struct ToyProblem {
  std::uint64_t shards = 4;
  std::uint64_t batch_size = 0;
  std::uint64_t microbatch = 16;
  double l2 = 0;
  std::string likelihood = "categorical";
  double learning_rate = 0.1;
  double momentum = 0;  ///< 0: plain gradient descent
  std::string reduction = "exact";
  std::size_t threads = 1;
  reduction::Units units = {};  ///< to go on with
  communication::Channel::Overlap overlap = communication::Channel::Overlap::off;
  std::vector<double> class_weights = {};
  std::vector<std::uint64_t> layers = {5};
  std::string method = "";  ///< where momentum is 0; none: gradient_descent
  bool sharded = false;
};

/// 61 samples of 3 features in 4 classes (or with 2 real targets), a network 3-5-out, in double.
class ToyTraining {
 public:
  ToyTraining(const ToyProblem& problem, const std::string& folder)
      : options(problem),
        toy(61, 3, problem.likelihood == "categorical" ? 4 : 0, problem.likelihood == "categorical" ? 1 : 2),
        dataset(load(folder)),
        network(model_options(problem), 3, model::make_likelihood<double>(problem.likelihood, 4, toy.target_columns)),
        sampler({toy.rows, problem.shards, problem.batch_size, 8, 1}),
        shares(problem.sharded ? Shares(network.layout(), test::world().size()) : Shares()),
        channel(test::world(), seconds, problem.overlap),
        workers(network, 61, problem.threads, seconds),
        reducer(problem.reduction == "exact"
                    ? make_exact_reducer<double>(network.layout(), channel, reduction::Width::int64, problem.shards,
                                                 problem.threads, problem.units, nullptr, shares)
                    : make_float_reducer<double>(network.layout(), channel, problem.shards, problem.threads)),
        objective({network, dataset, sampler, *reducer, workers, channel, seconds, shares},
                  {.l2 = problem.l2, .microbatch = problem.microbatch}),
        method(
            optimize::make_method<double>(method_options(problem), 0, slices(), shares.elements(test::world().rank()))),
        schedule(problem.learning_rate) {
    linear_algebra::AlignedVector<double> theta(network.layout().padded_size());
    network.initialize(theta, 5);
    state.method = method->start(theta);
  }

  TrainerParts<double> parts() {
    TrainerParts<double> result{channel, network, *method, schedule, objective, *reducer, sampler, workers, seconds};
    result.shares = shares;
    return result;
  }

  ToyProblem options;
  test::ToyData toy;
  core::PhaseSeconds seconds;
  data::Dataset<double> dataset;
  model::Network<double> network;
  data::Sampler sampler;
  Shares shares;
  communication::Channel channel;
  Workers<double> workers;
  std::unique_ptr<Reducer<double>> reducer;
  DistributedObjective<double> objective;
  std::unique_ptr<optimize::Method<double>> method;
  optimize::Schedule schedule;
  TrainingState<double> state;

 private:
  static optimize::MethodOptions method_options(const ToyProblem& problem) {
    optimize::MethodOptions result;
    result.method = problem.momentum > 0 ? "momentum" : problem.method.empty() ? "gradient_descent" : problem.method;
    result.momentum = problem.momentum;
    return result;
  }

  /// All of Θ but its padding.
  std::vector<optimize::Slice> slices() const {
    std::vector<optimize::Slice> result;
    for (const model::Tensor& tensor : network.layout().tensors()) {
      result.push_back({tensor.offset, tensor.offset + tensor.size, tensor.penalized()});
    }
    return result;
  }

  static model::ModelOptions model_options(const ToyProblem& problem) {
    model::ModelOptions result;
    result.layers = problem.layers;
    result.activation = {"tanh"};
    result.likelihood = problem.likelihood;
    return result;
  }

  data::Dataset<double> load(const std::string& folder) const {
    linear_algebra::prepare_products();
    data::Source source{"data.train", folder + "toy.h5", "features", "targets"};
    source.class_weights = options.class_weights;
    if (test::world().is_root()) {
      toy.write(source.path);
    }
    test::world().barrier();
    data::Dataset<double> result(
        test::world(), data::make_hdf5_reader(source, {toy.rows, toy.inputs, toy.target_columns}), options.shards, {});
    test::world().barrier();
    if (test::world().is_root()) {
      std::filesystem::remove(source.path);
    }
    return result;
  }
};

}  // namespace cauchy::training

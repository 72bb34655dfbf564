#pragma once
/// What the user decides about the data: section [data].

#include <cstdint>
#include <string>

#include "cauchy/core/option.hpp"

namespace cauchy::data {

struct DataOptions {
  std::string train;
  std::string validation;
  std::string test;
  std::string features = "features";
  std::string targets = "targets";
  double validation_fraction = 0;  ///< of the rows of `train`; 0: they all train
  std::string split = "random";
  std::string weights;
  std::string exposure;
  bool standardize = false;
  bool standardize_targets = false;
  std::uint64_t shards = 0;          ///< V; 0: ranks × threads of the first launch
  std::uint64_t microbatch = 512;    ///< samples that pass through the model at once
  std::uint64_t block_rows = 16384;  ///< rows that are shuffled among each other

  template <typename Visitor>
  void visit(Visitor&& option) {
    using core::Role;
    option("train", train, core::anything(), Role::data, "HDF5 file of the training data");
    option("validation", validation, core::anything(), Role::data, "HDF5 file evaluated after each epoch");
    option("test", test, core::anything(), Role::data, "HDF5 file evaluated after the last step");
    option("features", features, core::anything(), Role::data, "name of the dataset of features, samples × inputs");
    option("targets", targets, core::anything(), Role::data, "name of the dataset of targets, samples or samples × k");
    option("validation_fraction", validation_fraction, core::between(0, 1), Role::problem,
           "part of the rows of data.train that validates instead, by data.split; 0: none");
    option("split", split, core::one_of({"random", "position"}), Role::problem,
           "which rows validate: each by a draw from (run.seed, row), or the last ones, as for a time series");
    option("weights", weights, core::anything(), Role::data,
           "name of the dataset of weights, one a sample, nonnegative: a sample counts as often; empty: once each");
    option("exposure", exposure, core::anything(), Role::data,
           "name of the dataset of exposures, one a sample, positive, to which the means of counts are proportional "
           "(poisson, negative_binomial); empty: 1 each");
    option("standardize", standardize, core::anything(), Role::problem,
           "shift and scale each feature to mean 0 and variance 1 over the training data");
    option("standardize_targets", standardize_targets, core::anything(), Role::problem,
           "let the model work with targets of mean 0 and variance 1 over the training data, for likelihoods of "
           "measurements; NLL, metrics and predictions stay in the units of the targets");
    option("shards", shards, core::between(1, 1 << 20).or_word("auto", 0), Role::problem,
           "V, the parts that the training data are cut in, a part of the problem: ranks × threads may not exceed it; "
           "auto: ranks × threads at the first launch");
    option("microbatch", microbatch, core::between(1, 1 << 24), Role::problem,
           "samples of a shard that pass through the model at once");
    option("block_rows", block_rows, core::between(1, 4e9), Role::problem,
           "rows that are shuffled among each other; blocks are shuffled too");
  }
};

}  // namespace cauchy::data

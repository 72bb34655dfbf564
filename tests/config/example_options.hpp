#pragma once
/// Option structs with one option of each kind, for the tests of this folder.

#include <cstdint>
#include <string>
#include <vector>

#include "cauchy/config/schema.hpp"
#include "cauchy/core/option.hpp"

namespace cauchy::config {

struct ModelOptions {
  std::vector<std::uint64_t> layers;
  std::string activation = "relu";
  double l2 = 0;

  template <typename Visitor>
  void visit(Visitor&& option) {
    option("layers", layers, core::at_least(1), core::Role::problem,
           "hidden widths; empty: a generalized linear model");
    option("activation", activation, core::one_of({"relu", "tanh"}), core::Role::problem,
           "function behind each hidden layer");
    option("l2", l2, core::at_least(0), core::Role::problem, "λ of λ/2·‖weights‖²");
  }
};

struct DataOptions {
  std::string train;
  bool standardize = false;

  template <typename Visitor>
  void visit(Visitor&& option) {
    option("train", train, core::anything(), core::Role::data, "file to train on");
    option("standardize", standardize, core::anything(), core::Role::problem, "subtract means, divide by deviations");
  }
};

struct OptimizerOptions {
  double learning_rate = 0.1;
  double momentum = 0.9;
  std::uint64_t batch_size = 0;

  template <typename Visitor>
  void visit(Visitor&& option) {
    option("learning_rate", learning_rate, core::above(0), core::Role::problem, "step length ε");
    option("momentum", momentum, core::between(0, 1), core::Role::problem, "part of the last step that is kept");
    option("batch_size", batch_size, core::at_least(1).or_word("full", 0), core::Role::problem, "samples of a step");
  }
};

struct StopOptions {
  std::uint64_t max_steps = 0;
  double max_seconds = 0;

  template <typename Visitor>
  void visit(Visitor&& option) {
    option("max_steps", max_steps, core::at_least(0).or_word("none", 0), core::Role::run, "stop after so many steps");
    option("max_seconds", max_seconds, core::above(0).or_word("none", 0), core::Role::run, "stop after this time");
  }
};

/// All of them with their schema.
struct Example {
  ModelOptions model;
  DataOptions data;
  OptimizerOptions optimizer;
  StopOptions stop;
  Schema schema;

  Example() {
    schema.add("model", model);
    schema.add("data", data);
    schema.add("optimizer", optimizer);
    schema.add("stop", stop);
  }
  ~Example() = default;
  Example(const Example&) = delete;
  Example& operator=(const Example&) = delete;
};

}  // namespace cauchy::config

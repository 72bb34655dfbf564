#pragma once
/// What the user decides about the model: section [model].

#include <cstdint>
#include <string>
#include <vector>

#include "cauchy/core/option.hpp"

namespace cauchy::model {

struct ModelOptions {
  std::vector<std::uint64_t> layers;       ///< hidden widths; empty: a generalized linear model
  std::string activation = "relu";         ///< of the hidden layers
  std::string likelihood = "categorical";  ///< p_model(y | outputs of the network)
  std::uint64_t classes = 0;  ///< of the categorical likelihood; 0: the largest class in the data, plus one
  double l2 = 0;              ///< λ of λ/2·‖weights‖²; intercepts are free
  bool intercept = true;      ///< whether layers have intercepts
  std::string initial;        ///< a checkpoint whose parameters a fresh run starts from; empty: random ones

  template <typename Visitor>
  void visit(Visitor&& option) {
    using core::Role;
    option("layers", layers, core::between(1, 1e9), Role::problem,
           "hidden widths, comma-separated; empty: a generalized linear model");
    option("activation", activation, core::one_of({"identity", "relu", "tanh", "sigmoid", "softplus", "gelu"}),
           Role::problem, "activation of the hidden layers");
    option("likelihood", likelihood, core::one_of({"categorical", "gaussian"}), Role::problem,
           "distribution of the targets given the outputs of the network");
    option("classes", classes, core::between(2, 1 << 24).or_word("auto", 0), Role::problem,
           "number of classes of the categorical likelihood; auto: the largest class of the training data, plus one");
    option("l2", l2, core::at_least(0), Role::problem,
           "λ of the penalty λ/2·‖weights‖² in the objective; intercepts are not penalised");
    option("intercept", intercept, core::anything(), Role::problem, "whether layers have intercepts");
    option("initial", initial, core::anything(), Role::data,
           "a checkpoint whose parameters, and nothing else, a fresh run starts from; empty: random parameters");
  }
};

}  // namespace cauchy::model

#pragma once
/// What the user decides about the model: section [model].

#include <cstdint>
#include <string>
#include <vector>

#include "cauchy/core/option.hpp"
#include "cauchy/model/likelihood.hpp"

namespace cauchy::model {

struct ModelOptions {
  std::vector<std::uint64_t> layers;               ///< hidden widths; empty: a generalized linear model
  std::vector<std::string> activation = {"relu"};  ///< of the hidden layers: one for all of them, or one for each
  bool layer_norm = false;                         ///< before the activation
  double dropout = 0;                              ///< share of the hidden units that a training pass leaves out
  std::uint64_t embedding = 0;  ///< numbers that stand for a token, a feature 0, 1, 2, ...; 0: features are numbers
  /// Of the tokens: one size for all features, or one for each, 0 for one that is a number; empty: the largest token of
  /// the training data, plus one.
  std::vector<std::uint64_t> vocabulary;
  bool residual = false;                   ///< shortcuts where a hidden layer is as wide as the one below
  std::string likelihood = "categorical";  ///< p_model(y | outputs of the network)
  std::uint64_t classes = 0;          ///< of the categorical likelihood; 0: the largest class in the data, plus one
  double degrees_of_freedom = 4;      ///< of the student_t likelihood
  std::vector<double> class_weights;  ///< by class; empty: 1 each
  double l2 = 0;                      ///< λ of λ/2·‖weights‖²; intercepts are free
  double l1 = 0;                      ///< λ₁ of λ₁·Σ|weights|; intercepts are free
  bool intercept = true;              ///< whether layers have intercepts
  std::string initial;                ///< a checkpoint whose parameters a fresh run starts from; empty: random ones

  template <typename Visitor>
  void visit(Visitor&& option) {
    using core::Role;
    option("layers", layers, core::between(1, 1e9), Role::problem,
           "hidden widths, comma-separated; empty: a generalized linear model");
    option("activation", activation, core::one_of({"identity", "relu", "tanh", "sigmoid", "softplus", "gelu"}),
           Role::problem, "activation of the hidden layers: one for all, or one for each, comma-separated");
    option(
        "layer_norm", layer_norm, core::anything(), Role::problem,
        "normalise the units of each hidden layer to mean 0 and variance 1 before the activation, with a gain and an "
        "intercept for each unit");
    option("dropout", dropout, core::from_below(0, 1), Role::problem,
           "probability that a training pass leaves out a hidden unit; those that stay are scaled up");
    option("embedding", embedding, core::between(1, 1 << 20).or_word("none", 0), Role::problem,
           "features are tokens 0, 1, 2, ..., each of which becomes a vector of so many parameters before the first "
           "layer; none: features are numbers");
    option(
        "vocabulary", vocabulary, core::between(0, 1 << 24), Role::problem,
        "number of different tokens: one for all features, which share one table of vectors, or one for each feature, "
        "comma-separated, 0 for a feature that is a number; empty: one table, for the tokens of the training data");
    option("residual", residual, core::anything(), Role::problem,
           "hidden layers that are as wide as the layer below add what goes into them to what comes out");
    option("likelihood", likelihood, core::one_of(likelihood_names()), Role::problem,
           "distribution of the targets given the outputs of the network: " + likelihood_help());
    option("classes", classes, core::between(2, 1 << 24).or_word("auto", 0), Role::problem,
           "number of classes of the categorical likelihood; auto: the largest class of the training data, plus one");
    option("degrees_of_freedom", degrees_of_freedom, core::between(0.1, 1e9), Role::problem,
           "of the student_t likelihood: the fewer, the less do outliers count");
    option("class_weights", class_weights, core::at_least(0), Role::problem,
           "for each class 0, 1, ... the factor by which its samples count, beside data.weights (categorical, or "
           "bernoulli with one target); empty: 1 each");
    option("l2", l2, core::at_least(0), Role::problem,
           "λ of the penalty λ/2·‖weights‖² in the objective; intercepts are not penalised");
    option("l1", l1, core::at_least(0), Role::problem,
           "λ₁ of the penalty λ₁·Σ|weights|, which makes weights exactly 0; by proximal steps, for gradient_descent, "
           "momentum and nesterov");
    option("intercept", intercept, core::anything(), Role::problem, "whether layers have intercepts");
    option("initial", initial, core::anything(), Role::data,
           "a checkpoint whose parameters, and nothing else, a fresh run starts from; empty: random parameters");
  }
};

/// Throws core::UserError if options contradict each other.
void check(const ModelOptions& options);

}  // namespace cauchy::model

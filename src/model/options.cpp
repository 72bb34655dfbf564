// What options of the model cannot be together.

#include "cauchy/model/options.hpp"

#include <algorithm>

#include "cauchy/core/error.hpp"

namespace cauchy::model {
namespace {

void require(bool holds, const std::string& message) {
  if (!holds) {
    throw core::UserError(message);
  }
}

}  // namespace

void check(const ModelOptions& options) {
  const std::size_t layers = options.layers.size();
  const std::size_t activations = options.activation.size();
  require(activations == 1 || (activations > 0 && activations == layers),
          "model.activation names " + std::to_string(activations) + " activations for " + std::to_string(layers) +
              " hidden layers (model.layers); name one for all, or one for each");
  require(layers > 0 || !options.layer_norm, "model.layer_norm = true needs hidden layers: set model.layers");
  require(layers > 0 || options.dropout == 0, "model.dropout needs hidden layers: set model.layers");
  require(!options.layer_norm || std::ranges::find(options.layers, 1U) == options.layers.end(),
          "model.layer_norm = true leaves nothing of a hidden layer of width 1 (model.layers)");
  require(options.embedding > 0 || options.vocabulary.empty(),
          "model.vocabulary is of tokens, which model.embedding makes of features: set both");
  require(options.vocabulary.empty() || std::ranges::any_of(options.vocabulary, [](auto size) { return size > 0; }),
          "model.vocabulary = 0 leaves no tokens for model.embedding");
}

}  // namespace cauchy::model

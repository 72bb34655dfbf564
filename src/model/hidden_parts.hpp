#pragma once
/// What a hidden layer of the network is made of.

#include <array>
#include <memory>
#include <string>

#include "cauchy/model/activation.hpp"
#include "cauchy/model/layer.hpp"
#include "cauchy/model/layout.hpp"
#include "cauchy/model/options.hpp"

namespace cauchy::model {

/// A hidden layer while it is put together.
struct HiddenPlace {
  ParameterLayout& layout;
  const ModelOptions& options;
  std::size_t number;        ///< of the hidden layer: 1, 2, ...
  std::size_t layer_inputs;  ///< columns that go into its first part
  bool first_of_all;         ///< whether these are the samples' features
  std::size_t inputs;        ///< columns that go into the part to be made

  std::size_t width() const { return options.layers[number - 1]; }
  Activation activation() const {
    return activation_named(options.activation.size() == 1 ? options.activation.front()
                                                           : options.activation.at(number - 1));
  }
  /// "dense_2" for the dense part of the second hidden layer.
  std::string name(const std::string& part) const { return part + "_" + std::to_string(number); }
};

/// Makes one part, or nothing where the options do not ask for it.
template <typename Real>
using MakePart = std::unique_ptr<Layer<Real>> (*)(const HiddenPlace& place);

/// x·W + b, and f of it.
template <typename Real>
std::unique_ptr<Layer<Real>> hidden_dense(const HiddenPlace& place);

/// model.layer_norm.
template <typename Real>
std::unique_ptr<Layer<Real>> hidden_layer_norm(const HiddenPlace& place);

/// model.dropout.
template <typename Real>
std::unique_ptr<Layer<Real>> hidden_dropout(const HiddenPlace& place);

/// model.residual, where the hidden layer is as wide as the layer below.
template <typename Real>
std::unique_ptr<Layer<Real>> hidden_residual(const HiddenPlace& place);

/// All parts, in the order in which numbers pass through them.
template <typename Real>
inline constexpr std::array<MakePart<Real>, 4> hidden_parts{
    hidden_dense<Real>,
    hidden_layer_norm<Real>,
    hidden_dropout<Real>,
    hidden_residual<Real>,
};

}  // namespace cauchy::model

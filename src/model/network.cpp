// Layers in a row, forward and backward through one workspace.

#include "cauchy/model/network.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "cauchy/linear_algebra/bf16.hpp"

namespace cauchy::model {

using linear_algebra::MatrixView;

template <typename Real>
Network<Real>::Network(const ModelOptions& options, std::size_t inputs, std::unique_ptr<Likelihood<Real>> likelihood,
                       Operands operands)
    : likelihood_(std::move(likelihood)), operands_(operands) {
  const Activation hidden = activation_named(options.activation);
  std::size_t width = inputs;
  for (const std::size_t next_width : options.layers) {
    const std::string name = "dense_" + std::to_string(layers_.size() + 1);
    layers_.push_back(make_dense<Real>(layout_, name, width, next_width, hidden, options.intercept));
    width = next_width;
  }
  layers_.push_back(
      make_dense<Real>(layout_, "output", width, likelihood_->outputs(), Activation::identity, options.intercept));
}

template <typename Real>
void Network<Real>::initialize(std::span<Real> theta, std::uint64_t seed) const {
  std::ranges::fill(theta, Real{0});
  for (const auto& layer : layers_) {
    layer->initialize(theta, seed);
  }
}

template <typename Real>
Workspace<Real> Network<Real>::workspace(std::size_t samples) const {
  Workspace<Real> workspace;
  workspace.samples = samples;
  workspace.products = linear_algebra::Products<Real>(operands_);
  for (const auto& layer : layers_) {
    workspace.outputs.emplace_back(samples * layer->outputs());
    workspace.kept.emplace_back(samples * layer->kept_columns());
  }
  workspace.derivative.resize(samples * widest());
  workspace.next_derivative.resize(layers_.size() > 1 ? samples * widest() : 0);
  if (rounds_operands()) {
    for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
      // Features may be sparse: round_features makes room.
      workspace.rounded_inputs.emplace_back(layer == 0 ? 0 : samples * layers_[layer]->inputs());
    }
    workspace.rounded_derivative.resize(samples * widest());
  }
  return workspace;
}

template <typename Real>
std::size_t Network<Real>::workspace_bytes(std::size_t samples) const {
  std::size_t columns = widest() * (layers_.size() > 1 ? 2 : 1);
  for (const auto& layer : layers_) {
    columns += layer->outputs() + layer->kept_columns();
  }
  return samples * columns * sizeof(Real) + rounded_bytes(samples);
}

/// Of rounded operands; and where they are multiplied as floats, of the largest ones as floats.
template <typename Real>
std::size_t Network<Real>::rounded_bytes(std::size_t samples) const {
  if (!rounds_operands()) {
    return 0;
  }
  std::size_t columns = widest();
  std::size_t first = 0;
  std::size_t second = 0;
  for (const auto& layer : layers_) {
    columns += layer->inputs();
    first = std::max({first, samples * layer->inputs(), samples * layer->outputs()});
    second = std::max({second, layer->inputs() * layer->outputs(), samples * layer->outputs()});
  }
  return samples * columns * sizeof(linear_algebra::Bf16) +
         (linear_algebra::have_bf16_instructions() ? 0 : (first + second) * sizeof(float));
}

template <typename Real>
MatrixView<Real> Network<Real>::forward(const Parameters<Real>& parameters, const Features<Real>& features,
                                        Workspace<Real>& workspace) const {
  check(features, workspace);
  round_features(features, workspace);
  for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
    layers_[layer]->forward(parameters, pass(layer, features, workspace), workspace.products);
  }
  return pass(layers_.size() - 1, features, workspace).output;
}

template <typename Real>
double Network<Real>::value_and_gradient(const Parameters<Real>& parameters, const Batch<Real>& batch,
                                         const GradientBuffer<Real>& gradient, Workspace<Real>& workspace) const {
  const MatrixView<const Real> outputs = forward(parameters, batch.features, workspace);
  const LayerPass<Real> last = pass(layers_.size() - 1, batch.features, workspace);
  const double nll = likelihood_->nll_and_derivative(outputs, batch.targets, last.d_output);
  for (std::size_t layer = layers_.size(); layer-- > 0;) {
    layers_[layer]->backward(parameters, pass(layer, batch.features, workspace), gradient, workspace.products);
  }
  return nll;
}

template <typename Real>
void Network<Real>::round_features(const Features<Real>& features, Workspace<Real>& workspace) const {
  if constexpr (std::is_same_v<Real, float>) {
    if (rounds_operands() && !features.are_sparse()) {
      auto& rounded = workspace.rounded_inputs.front();
      rounded.resize(workspace.samples * inputs());
      linear_algebra::round_to_bf16(features.dense.elements(), std::span(rounded).first(features.dense.size()));
    }
  }
}

/// The views of one layer. Derivatives alternate between the two buffers: the layer above writes what this one reads.
template <typename Real>
LayerPass<Real> Network<Real>::pass(std::size_t layer, const Features<Real>& features,
                                    Workspace<Real>& workspace) const {
  const std::size_t samples = features.samples();
  const Layer<Real>& own = *layers_[layer];
  const bool even = (layers_.size() - 1 - layer) % 2 == 0;
  Real* const d_output = (even ? workspace.derivative : workspace.next_derivative).data();
  Real* const d_input = (even ? workspace.next_derivative : workspace.derivative).data();

  LayerPass<Real> views;
  if (layer == 0) {
    views.input = features.dense;
    views.sparse_input = features.sparse;
  } else {
    views.input = {workspace.outputs[layer - 1].data(), samples, own.inputs()};
  }
  views.output = {workspace.outputs[layer].data(), samples, own.outputs()};
  views.kept = {workspace.kept[layer].data(), samples, own.kept_columns()};
  views.d_output = {d_output, samples, own.outputs()};
  views.d_input = {layer == 0 ? nullptr : d_input, samples, own.inputs()};
  if (rounds_operands()) {
    views.rounded.input = workspace.rounded_inputs[layer].data();
    views.rounded.output = layer + 1 < layers_.size() ? workspace.rounded_inputs[layer + 1].data() : nullptr;
    views.rounded.derivative = workspace.rounded_derivative.data();
  }
  return views;
}

template <typename Real>
std::size_t Network<Real>::widest() const {
  std::size_t width = 0;
  for (const auto& layer : layers_) {
    width = std::max(width, layer->outputs());
  }
  return width;
}

template <typename Real>
void Network<Real>::check(const Features<Real>& features, const Workspace<Real>& workspace) const {
  const std::size_t samples = features.samples();
  if (samples == 0 || samples > workspace.samples || features.inputs() != inputs()) {
    throw std::invalid_argument("a batch of " + std::to_string(samples) + " × " + std::to_string(features.inputs()) +
                                " features does not fit a workspace of " + std::to_string(workspace.samples) +
                                " samples of " + std::to_string(inputs()));
  }
}

template class Network<float>;
template class Network<double>;

}  // namespace cauchy::model

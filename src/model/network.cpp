// Layers in a row, forward and backward through one workspace.

#include "cauchy/model/network.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/bf16.hpp"
#include "hidden_parts.hpp"

namespace cauchy::model {

using linear_algebra::MatrixView;

namespace {
constexpr const char* output_name = "output";
}  // namespace

template <typename Real>
Network<Real>::Network(const ModelOptions& options, std::size_t inputs, std::unique_ptr<Likelihood<Real>> likelihood,
                       Operands operands)
    : likelihood_(std::move(likelihood)), operands_(operands) {
  model::check(options);
  std::size_t width = inputs;
  if (options.embedding > 0) {
    add(make_embedding<Real>(layout_, inputs, options.vocabulary, options.embedding), 0);
    width = layers_.back()->outputs();
  }
  for (const std::size_t next_width : options.layers) {
    add_hidden_layer(options, width);
    width = next_width;
  }
  add(make_dense<Real>(layout_, output_name, width, likelihood_->outputs(), Activation::identity, options.intercept),
      layers_.size());
  const auto adds_shortcut = [](const auto& layer) { return layer->adds_shortcut(); };
  if (options.residual && std::ranges::none_of(layers_, adds_shortcut)) {
    throw core::UserError(
        "model.residual = true needs a hidden layer that is as wide as the layer below: set equal "
        "widths in model.layers, such as 128,128");
  }
  wire();
}

template <typename Real>
void Network<Real>::add_hidden_layer(const ModelOptions& options, std::size_t inputs) {
  const std::size_t first_part = layers_.size();
  HiddenPlace place{layout_, options, ++hidden_layers_, inputs, layers_.empty(), inputs};
  for (const MakePart<Real> make : hidden_parts<Real>) {
    if (std::unique_ptr<Layer<Real>> layer = make(place)) {
      place.inputs = layer->outputs();
      add(std::move(layer), first_part);
    }
  }
}

template <typename Real>
void Network<Real>::add(std::unique_ptr<Layer<Real>> layer, std::size_t first_part) {
  layers_.push_back(std::move(layer));
  wiring_.push_back({.first_part = first_part});
}

/// Each layer writes into a buffer that it does not read. What a layer reads that adds a shortcut stays where it is,
/// until the first part of the hidden layer has added to it what came down the other way:
///
///     residual block    reads 0, writes 1, keeps 0 for the shortcut
///     its dropout       reads 1, writes 2
///     its dense part    reads 2, adds to 0
template <typename Real>
void Network<Real>::wire() {
  constexpr std::size_t none = SIZE_MAX;
  std::size_t held = none;
  std::size_t held_for = none;
  std::size_t current = 0;
  for (std::size_t layer = layers_.size(); layer-- > 0;) {
    Wiring& wiring = wiring_[layer];
    derivative_buffers_ = std::max(derivative_buffers_, current + 1);
    wiring.d_output = current;
    if (layers_[layer]->adds_shortcut()) {
      held = current;
      held_for = wiring.first_part;
    }
    if (layer == held_for) {
      wiring.d_input = std::exchange(held, none);
      wiring.write_d_input = linear_algebra::Write::add;
    } else {
      while (wiring.d_input == current || wiring.d_input == held) {
        ++wiring.d_input;
      }
    }
    current = wiring.d_input;
  }
}

template <typename Real>
void Network<Real>::initialize(std::span<Real> theta, std::uint64_t seed) const {
  std::ranges::fill(theta, Real{0});
  for (const auto& layer : layers_) {
    layer->initialize(theta, seed);
  }
}

template <typename Real>
void Network<Real>::start_from_outputs(std::span<const double> outputs, std::span<Real> theta) const {
  for (const Tensor& tensor : layout_.tensors()) {
    if (tensor.layer != output_name) {
      continue;
    }
    const std::span<Real> values = theta.subspan(tensor.offset, tensor.size);
    if (tensor.kind == TensorKind::intercepts) {
      std::ranges::transform(outputs, values.begin(), [](double value) { return static_cast<Real>(value); });
    } else {
      std::ranges::fill(values, Real{0});
    }
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
  for (std::size_t buffer = 0; buffer < derivative_buffers_; ++buffer) {
    workspace.derivatives.emplace_back(samples * widest());
  }
  if (rounds_operands()) {
    for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
      // Features may be sparse: round_features makes room.
      const bool has_room = layer > 0 && layers_[layer]->multiplies();
      workspace.rounded_inputs.emplace_back(has_room ? samples * layers_[layer]->inputs() : 0);
    }
    workspace.rounded_derivative.resize(samples * widest());
  }
  return workspace;
}

template <typename Real>
std::size_t Network<Real>::workspace_bytes(std::size_t samples, bool sparse_features) const {
  std::size_t columns = widest() * derivative_buffers_;
  for (const auto& layer : layers_) {
    columns += layer->outputs() + layer->kept_columns();
  }
  return samples * columns * sizeof(Real) + rounded_bytes(samples, sparse_features);
}

/// Of rounded operands; and where they are multiplied as floats, of the largest ones as floats.
template <typename Real>
std::size_t Network<Real>::rounded_bytes(std::size_t samples, bool sparse_features) const {
  if (!rounds_operands()) {
    return 0;
  }
  std::size_t columns = widest();
  std::size_t first = 0;
  std::size_t second = 0;
  for (std::size_t i = sparse_features ? 1 : 0; i < layers_.size(); ++i) {
    const Layer<Real>& layer = *layers_[i];
    if (layer.multiplies()) {
      columns += layer.inputs();
      first = std::max({first, samples * layer.inputs(), samples * layer.outputs()});
      second = std::max({second, layer.inputs() * layer.outputs(), samples * layer.outputs()});
    }
  }
  return samples * columns * sizeof(linear_algebra::Bf16) +
         (linear_algebra::have_bf16_instructions() ? 0 : (first + second) * sizeof(float));
}

template <typename Real>
MatrixView<Real> Network<Real>::forward(const Parameters<Real>& parameters, const Features<Real>& features,
                                        Workspace<Real>& workspace) const {
  return pass_forward(parameters, features, workspace, nullptr);
}

template <typename Real>
MatrixView<Real> Network<Real>::pass_forward(const Parameters<Real>& parameters, const Features<Real>& features,
                                             Workspace<Real>& workspace, const RandomKeys* keys) const {
  check(features, workspace);
  round_features(features, workspace);
  for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
    layers_[layer]->forward(parameters, pass(layer, features, workspace, keys), workspace.products);
  }
  return pass(layers_.size() - 1, features, workspace, keys).output;
}

template <typename Real>
double Network<Real>::value_and_gradient(const Parameters<Real>& parameters, const Batch<Real>& batch,
                                         const GradientBuffer<Real>& gradient, Workspace<Real>& workspace,
                                         const RandomKeys* keys) const {
  const MatrixView<const Real> outputs = pass_forward(parameters, batch.features, workspace, keys);
  const LayerPass<Real> last = pass(layers_.size() - 1, batch.features, workspace, keys);
  const double nll = likelihood_->nll_and_derivative(outputs, batch.observed, last.d_output);
  for (std::size_t layer = layers_.size(); layer-- > 0;) {
    layers_[layer]->backward(parameters, pass(layer, batch.features, workspace, keys), gradient, workspace.products);
  }
  return nll;
}

template <typename Real>
double Network<Real>::evaluate(const Parameters<Real>& parameters, const Batch<Real>& batch, const MetricTotals& totals,
                               Workspace<Real>& workspace) const {
  const MatrixView<const Real> outputs = forward(parameters, batch.features, workspace);
  likelihood_->add_metric_sums(outputs, batch.observed, totals.all, totals.sums);
  likelihood_->add_metric_counts(outputs, batch.observed, totals.all, totals.counts);
  return likelihood_->nll(outputs, batch.observed);
}

template <typename Real>
std::string Network<Real>::hessian_fault() const {
  if (!likelihood_->has_curvature()) {
    return "the likelihood has no second derivatives";
  }
  const auto has_tangents = [](const auto& layer) { return layer->has_tangents(); };
  return std::ranges::all_of(layers_, has_tangents) ? "" : "a layer has no second derivatives";
}

template <typename Real>
void Network<Real>::hessian_vector(const Parameters<Real>& parameters, const Parameters<Real>& direction,
                                   const Batch<Real>& batch, const GradientBuffer<Real>& product,
                                   Workspace<Real>& workspace, Workspace<Real>& tangents, const RandomKeys* keys,
                                   MatrixView<const Real> outputs) const {
  if (outputs.data == nullptr) {
    outputs = pass_forward(parameters, batch.features, workspace, keys);
  }
  const Features<Real> unchanged(nullptr, batch.samples(), inputs());
  check(batch.features, workspace);
  check(unchanged, tangents);
  const auto pass_of = [&](std::size_t layer) { return pass(layer, batch.features, workspace, keys); };
  const auto tangent_of = [&](std::size_t layer) { return pass(layer, unchanged, tangents, keys); };
  for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
    layers_[layer]->forward_tangent(parameters, pass_of(layer), direction, tangent_of(layer), workspace.products);
  }
  const LayerPass<Real> last = tangent_of(layers_.size() - 1);
  likelihood_->curvature_product(outputs, last.output, batch.observed, last.d_output);
  if (layers_.size() > 1) {  // the derivative itself is for layers below
    likelihood_->nll_and_derivative(outputs, batch.observed, pass_of(layers_.size() - 1).d_output);
  }
  for (std::size_t layer = layers_.size(); layer-- > 0;) {
    layers_[layer]->backward_tangent(parameters, pass_of(layer), direction, tangent_of(layer), product,
                                     workspace.products);
  }
}

template <typename Real>
void Network<Real>::round_features(const Features<Real>& features, Workspace<Real>& workspace) const {
  if constexpr (std::is_same_v<Real, float>) {
    if (rounds_operands() && layers_.front()->multiplies() && !features.are_sparse()) {
      auto& rounded = workspace.rounded_inputs.front();
      rounded.resize(workspace.samples * inputs());
      linear_algebra::round_to_bf16(features.dense.elements(), std::span(rounded).first(features.dense.size()));
    }
  }
}

/// The views of one layer.
template <typename Real>
LayerPass<Real> Network<Real>::pass(std::size_t layer, const Features<Real>& features, Workspace<Real>& workspace,
                                    const RandomKeys* keys) const {
  const std::size_t samples = features.samples();
  const Layer<Real>& own = *layers_[layer];
  const Wiring& wiring = wiring_[layer];
  const bool is_first = layer == 0;

  LayerPass<Real> views;
  const auto output_below = [&](std::size_t above) {
    return MatrixView<const Real>{workspace.outputs[above - 1].data(), samples, layers_[above]->inputs()};
  };
  if (is_first) {
    views.input = features.dense;
    views.sparse_input = features.sparse;
  } else {
    views.input = output_below(layer);
  }
  views.output = {workspace.outputs[layer].data(), samples, own.outputs()};
  views.kept = {workspace.kept[layer].data(), samples, own.kept_columns()};
  views.d_output = {workspace.derivatives[wiring.d_output].data(), samples, own.outputs()};
  views.d_input = {is_first ? nullptr : workspace.derivatives[wiring.d_input].data(), samples, own.inputs()};
  views.write_d_input = wiring.write_d_input;
  if (own.adds_shortcut()) {
    views.shortcut = output_below(wiring.first_part);
  }
  views.keys = keys;
  if (rounds_operands()) {
    const bool feeds_product = layer + 1 < layers_.size() && layers_[layer + 1]->multiplies();
    views.rounded.input = own.multiplies() ? workspace.rounded_inputs[layer].data() : nullptr;
    views.rounded.output = feeds_product ? workspace.rounded_inputs[layer + 1].data() : nullptr;
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

#pragma once
/// The model: (Θ, batch) → Σ NLL and its gradient.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cauchy/linear_algebra/product.hpp"
#include "cauchy/model/batch.hpp"
#include "cauchy/model/gradient_sink.hpp"
#include "cauchy/model/layer.hpp"
#include "cauchy/model/layout.hpp"
#include "cauchy/model/likelihood.hpp"
#include "cauchy/model/model.hpp"
#include "cauchy/model/options.hpp"
#include "cauchy/model/workspace.hpp"

namespace cauchy::model {

/// Layers under a likelihood: hidden layers of the widths in the options, each made of the parts that the options ask
/// for (src/model/hidden_parts.hpp), and `output` with as many outputs as the likelihood needs and no activation. A
/// hidden layer is
///
///     x = features, or tokens' vectors    embedding/table
///     h = dropout(f(norm(x·W + b)))        dense_i/weights, and dense_i/intercepts or norm_i/gain, norm_i/intercepts
///     y = h, or x + h in a residual block  where a layer below puts out as many units
///
/// Immutable once built, so that threads share it; knows nothing of ranks, files or steps. Sums are over the samples of
/// the batch, never means. Instantiated for float and double.
///
/// Θ, gradient, features and targets start on 64-byte borders: a batch cut into microbatches is cut at multiples of 16
/// rows. Given that, the bits of a pass depend on Θ, the samples and their number, not on the size of the workspace or
/// what it held before. A batch that is empty, of other columns or larger than the workspace: std::invalid_argument.
///
///     Network<float> network(options, inputs, make_likelihood<float>("categorical", 10, 1));
///     auto workspace = network.workspace(512);
///     double nll = network.value_and_gradient(theta, batch, {gradient, Write::overwrite}, workspace);  // Σ NLL
template <typename Real>
class Network final : public Model<Real> {
 public:
  using Operands = linear_algebra::Operands;

  Network(const ModelOptions& options, std::size_t inputs, std::unique_ptr<Likelihood<Real>> likelihood,
          Operands operands = Operands::as_they_are);

  const ParameterLayout& layout() const override { return layout_; }
  const Likelihood<Real>& likelihood() const { return *likelihood_; }
  std::size_t inputs() const { return layers_.front()->inputs(); }
  bool rounds_operands() const override { return operands_ != Operands::as_they_are; }

  /// What is wrong with the features of a sample: see Layer::input_fault.
  bool takes_every_number() const { return layers_.front()->takes_every_number(); }
  std::string feature_fault(std::span<const Real> sample) const { return layers_.front()->input_fault(sample); }

  void initialize(std::span<Real> theta, std::uint64_t seed) const override;

  /// Changes an initial Θ so that the outputs are these for every sample, as far as there are intercepts: the last
  /// layer's weights become zero. Layers below keep theirs.
  void start_from_outputs(std::span<const double> outputs, std::span<Real> theta) const;

  Workspace<Real> workspace(std::size_t samples) const override;

  /// Without the scratch memory of products.
  std::size_t workspace_bytes(std::size_t samples, bool sparse_features = false) const override;

  /// The last layer's outputs, (samples × outputs), in the workspace until its next use: with nothing random, as for
  /// evaluation. At most as many samples as the workspace holds.
  linear_algebra::MatrixView<Real> forward(const Parameters<Real>& parameters, const Features<Real>& features,
                                           Workspace<Real>& workspace) const;

  double value_and_gradient(const Parameters<Real>& parameters, const Batch<Real>& batch,
                            const GradientBuffer<Real>& gradient, Workspace<Real>& workspace,
                            const RandomKeys* keys = nullptr) const override;

  /// The likelihood's.
  std::vector<std::string> metrics() const override { return likelihood_->metrics(); }
  std::size_t metric_sums() const override { return likelihood_->metric_sums(); }
  std::size_t metric_counts() const override { return likelihood_->metric_counts(); }
  double evaluate(const Parameters<Real>& parameters, const Batch<Real>& batch, const MetricTotals& totals,
                  Workspace<Real>& workspace) const override;
  std::vector<double> metric_values(std::span<const double> sums, std::span<const double> counts) const override {
    return likelihood_->metric_values(sums, counts);
  }

  /// The likelihood or a layer may have none.
  std::string hessian_fault() const override;

  /// The outputs, where there are no hidden layers.
  std::size_t shared_outputs() const override { return layers_.size() == 1 ? likelihood_->outputs() : 0; }

  /// Exact but for rounding: the tangent of the gradient, by forward-over-reverse differentiation (B. A. Pearlmutter,
  /// "Fast exact multiplication by the Hessian", Neural Computation 6 (1994)).
  void hessian_vector(const Parameters<Real>& parameters, const Parameters<Real>& direction, const Batch<Real>& batch,
                      const GradientBuffer<Real>& product, Workspace<Real>& workspace, Workspace<Real>& tangents,
                      const RandomKeys* keys = nullptr,
                      linear_algebra::MatrixView<const Real> outputs = {}) const override;

 private:
  /// Which buffers of derivatives a layer reads and writes, and which layer's input it adds, if it adds one.
  struct Wiring {
    std::size_t d_output = 0;
    std::size_t d_input = 0;
    linear_algebra::Write write_d_input = linear_algebra::Write::overwrite;
    std::size_t first_part = 0;  ///< of the hidden layer that it belongs to
  };

  void add_hidden_layer(const ModelOptions& options, std::size_t inputs);
  void add(std::unique_ptr<Layer<Real>> layer, std::size_t first_part);
  void wire();
  linear_algebra::MatrixView<Real> pass_forward(const Parameters<Real>& parameters, const Features<Real>& features,
                                                Workspace<Real>& workspace, const RandomKeys* keys) const;
  LayerPass<Real> pass(std::size_t layer, const Features<Real>& features, Workspace<Real>& workspace,
                       const RandomKeys* keys) const;
  std::size_t widest() const;
  std::size_t rounded_bytes(std::size_t samples, bool sparse_features) const;
  void round_features(const Features<Real>& features, Workspace<Real>& workspace) const;
  void check(const Features<Real>& features, const Workspace<Real>& workspace) const;

  ParameterLayout layout_;
  std::vector<std::unique_ptr<Layer<Real>>> layers_;
  std::vector<Wiring> wiring_;  ///< by layer
  std::size_t hidden_layers_ = 0;
  std::size_t derivative_buffers_ = 0;
  std::unique_ptr<Likelihood<Real>> likelihood_;
  Operands operands_;
};

}  // namespace cauchy::model

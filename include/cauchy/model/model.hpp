#pragma once
/// What training asks of a model.

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "cauchy/model/batch.hpp"
#include "cauchy/model/gradient_sink.hpp"
#include "cauchy/model/layer.hpp"
#include "cauchy/model/layout.hpp"
#include "cauchy/model/target_summary.hpp"
#include "cauchy/model/workspace.hpp"

namespace cauchy::model {

/// What an evaluation adds to; both may be empty.
struct MetricTotals {
  const TargetSummary& all;  ///< tells of the whole data set that is evaluated
  std::span<double> sums;    ///< metric_sums() of them, over samples
  std::span<double> counts;  ///< metric_counts() of them, for which the order of adding does not matter
};

/// (Θ, batch) → Σ NLL and its gradient. Immutable once built, so that threads share it; knows nothing of ranks, files
/// or steps. Sums are over the samples of the batch, never means. Instantiated for float and double.
template <typename Real>
class Model {
 public:
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model() = default;

  virtual const ParameterLayout& layout() const = 0;
  /// Whether operands of products are rounded, so that a rounded Θ saves work where there are several passes.
  virtual bool rounds_operands() const { return false; }

  /// Writes the initial Θ, padding included; a function of the seed. theta.size() = layout().padded_size().
  virtual void initialize(std::span<Real> theta, std::uint64_t seed) const = 0;

  virtual Workspace<Real> workspace(std::size_t samples) const = 0;
  /// What a workspace of that many samples holds once it is in use, in bytes.
  virtual std::size_t workspace_bytes(std::size_t samples, bool sparse_features) const = 0;

  /// Σ NLL over the batch; writes its gradient by Θ, or adds it. With a sink, hands out each tensor of the gradient as
  /// soon as this batch is in it, last layer first. With keys, which have a row for each sample, as a step of training.
  virtual double value_and_gradient(const Parameters<Real>& parameters, const Batch<Real>& batch,
                                    const GradientBuffer<Real>& gradient, Workspace<Real>& workspace,
                                    const RandomKeys* keys) const = 0;

  /// Why there are no second derivatives, in words; empty if there are.
  virtual std::string hessian_fault() const { return "the model has no second derivatives"; }

  /// How many numbers a sample has in the last of the workspace's outputs, after a pass, that spare a product at the
  /// same Θ most of its way forward; 0: none have.
  virtual std::size_t shared_outputs() const { return 0; }

  /// ∇²(Σ NLL)·direction over the batch: writes, adds and hands out as value_and_gradient does with the gradient.
  /// `tangents`: a second workspace, as large as the first. Only without hessian_fault. With outputs that are known it
  /// costs less, and has the same bits.
  virtual void hessian_vector(const Parameters<Real>& /*parameters*/, const Parameters<Real>& /*direction*/,
                              const Batch<Real>& /*batch*/, const GradientBuffer<Real>& /*product*/,
                              Workspace<Real>& /*workspace*/, Workspace<Real>& /*tangents*/, const RandomKeys* /*keys*/,
                              linear_algebra::MatrixView<const Real> /*outputs*/) const {
    throw std::logic_error("a model without second derivatives was asked for them");
  }

  /// Names of the figures of merit beside the NLL, the most telling first.
  virtual std::vector<std::string> metrics() const { return {}; }
  virtual std::size_t metric_sums() const { return 0; }
  virtual std::size_t metric_counts() const { return 0; }
  /// Σ NLL over the batch, with nothing random. Adds what the metrics are made of.
  virtual double evaluate(const Parameters<Real>& parameters, const Batch<Real>& batch, const MetricTotals& totals,
                          Workspace<Real>& workspace) const = 0;
  /// The metrics from sums and counts over all samples, in the order of their names.
  virtual std::vector<double> metric_values(std::span<const double> /*sums*/,
                                            std::span<const double> /*counts*/) const {
    return {};
  }
};

}  // namespace cauchy::model

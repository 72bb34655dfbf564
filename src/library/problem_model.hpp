#pragma once
/// A problem of a program, as the model that training takes.

#include <span>
#include <vector>

#include "cauchy/library/problem.hpp"
#include "cauchy/model/model.hpp"

namespace cauchy::library {

/// Shows the problem spans of its own tensors, without padding, and a gradient of zeros to add to; the rest is done
/// here. Its workspace is one vector of Θ's length: the gradient of a batch that is not the first of its shard, so that
/// a problem may as well overwrite as add.
class ProblemModel final : public model::Model<double> {
 public:
  /// Throws core::UserError if the description makes no sense. The problem must outlive the model.
  explicit ProblemModel(const Problem& problem);

  const model::ParameterLayout& layout() const override { return layout_; }
  void initialize(std::span<double> theta, std::uint64_t seed) const override;
  model::Workspace<double> workspace(std::size_t samples) const override;
  std::size_t workspace_bytes(std::size_t samples, bool sparse_features) const override;
  double value_and_gradient(const model::Parameters<double>& parameters, const model::Batch<double>& batch,
                            const model::GradientBuffer<double>& gradient, model::Workspace<double>& workspace,
                            const model::RandomKeys* keys) const override;
  double evaluate(const model::Parameters<double>& parameters, const model::Batch<double>& batch,
                  const model::MetricTotals& totals, model::Workspace<double>& workspace) const override;

  /// The tensors of Θ, in order.
  template <typename T>
  std::vector<std::span<T>> tensors(std::span<T> theta) const {
    std::vector<std::span<T>> result;
    for (const model::Tensor& tensor : layout_.tensors()) {
      result.push_back(theta.subspan(tensor.offset, tensor.size));
    }
    return result;
  }

 private:
  double call(std::span<const double> theta, const model::Batch<double>& batch, std::span<double> gradient) const;

  const Problem& problem_;
  model::ParameterLayout layout_;
};

}  // namespace cauchy::library

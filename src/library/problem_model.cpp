// A problem of a program, as the model that training takes.

#include "problem_model.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "cauchy/core/error.hpp"

namespace cauchy::library {
namespace {

/// Of links in HDF5.
void check_name(const std::string& name, const std::string& what) {
  if (name.empty() || name == "." || name.find('/') != std::string::npos) {
    throw core::UserError(what + " needs a name without slashes, not \"" + name + "\"");
  }
}

void check(const Description& description) {
  check_name(description.name, "a problem");
  const std::string& name = description.name;
  if (description.parameters.empty() || description.targets == 0) {
    throw core::UserError(name + " has no " + (description.targets == 0 ? "targets" : "parameters"));
  }
  for (const Parameter& parameter : description.parameters) {
    check_name(parameter.name, "a parameter of " + name);
    if (std::ranges::count(description.parameters, parameter.name, &Parameter::name) > 1) {
      throw core::UserError(name + " has two parameters " + parameter.name);
    }
  }
}

void check_initial(const std::vector<double>& initial, const model::Tensor& tensor) {
  if (tensor.size == 0) {
    throw core::UserError(tensor.path() + " has no elements");
  }
  if (!initial.empty() && initial.size() != tensor.size) {
    throw core::UserError(tensor.path() + " has " + std::to_string(tensor.size) + " elements, but " +
                          std::to_string(initial.size()) + " initial values");
  }
  if (!std::ranges::all_of(initial, [](double value) { return std::isfinite(value); })) {
    throw core::UserError(tensor.path() + " has an initial value that is NaN or infinite");
  }
}

}  // namespace

ProblemModel::ProblemModel(const Problem& problem) : problem_(problem) {
  const Description& description = problem.description();
  check(description);
  for (const Parameter& parameter : description.parameters) {
    const std::size_t index =
        layout_.add(description.name, parameter.name, parameter.shape,
                    parameter.penalized ? model::TensorKind::weights : model::TensorKind::intercepts);
    check_initial(parameter.initial, layout_[index]);
  }
}

void ProblemModel::initialize(std::span<double> theta, std::uint64_t /*seed*/) const {
  std::ranges::fill(theta, 0.0);
  for (const model::Tensor& tensor : layout_.tensors()) {
    std::ranges::copy(problem_.description().parameters[tensor.index].initial,
                      theta.begin() + static_cast<std::ptrdiff_t>(tensor.offset));
  }
}

model::Workspace<double> ProblemModel::workspace(std::size_t samples) const {
  model::Workspace<double> workspace;
  workspace.samples = samples;
  workspace.derivatives.emplace_back(layout_.padded_size());
  return workspace;
}

std::size_t ProblemModel::workspace_bytes(std::size_t /*samples*/, bool /*sparse_features*/) const {
  return layout_.padded_size() * sizeof(double);
}

double ProblemModel::value_and_gradient(const model::Parameters<double>& parameters, const model::Batch<double>& batch,
                                        const model::GradientBuffer<double>& gradient,
                                        model::Workspace<double>& workspace, const model::RandomKeys* /*keys*/) const {
  const bool is_first = gradient.write == linear_algebra::Write::overwrite;
  const std::span<double> own = is_first ? gradient.values : std::span<double>(workspace.derivatives.front());
  const double value = call(parameters.theta, batch, own);
  for (std::size_t index = layout_.tensors().size(); index-- > 0;) {
    const model::Tensor& tensor = layout_[index];
    const std::span<double> sum = gradient.values.subspan(tensor.offset, tensor.size);
    if (!is_first) {
      std::ranges::transform(sum, own.subspan(tensor.offset, tensor.size), sum.begin(), std::plus<>());
    }
    if (gradient.sink != nullptr) {
      gradient.sink->complete(tensor, sum);
    }
  }
  return value;
}

double ProblemModel::evaluate(const model::Parameters<double>& parameters, const model::Batch<double>& batch,
                              const model::MetricTotals& /*totals*/, model::Workspace<double>& workspace) const {
  return call(parameters.theta, batch, workspace.derivatives.front());
}

double ProblemModel::call(std::span<const double> theta, const model::Batch<double>& batch,
                          std::span<double> gradient) const {
  const auto gradients = tensors(gradient);
  for (const std::span<double> tensor : gradients) {
    std::ranges::fill(tensor, 0.0);
  }
  return problem_.value_and_gradient(tensors(theta), Samples(batch), gradients);
}

}  // namespace cauchy::library

#pragma once
/// A state that differs from the default in every field, for tests of checkpoints.

#include <cstddef>
#include <cstdint>
#include <string>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/model/layout.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::test {

inline model::ParameterLayout example_layout() {
  model::ParameterLayout layout;
  layout.add("dense_1", "weights", {5, 3}, model::TensorKind::weights);  // 15 elements, padded to 16
  layout.add("dense_1", "intercepts", {3}, model::TensorKind::intercepts);
  layout.add("output", "weights", {3, 2}, model::TensorKind::weights);
  layout.add("output", "intercepts", {2}, model::TensorKind::intercepts);
  return layout;
}

inline checkpoint::Description example_description() {
  return {.layout = example_layout(),
          .configuration = "[model]\nlayers = 3\nlikelihood = categorical\n",
          .problem = {.rows = 61,
                      .inputs = 5,
                      .target_columns = 1,
                      .classes = 2,
                      .target_scale = {.mean = {3.5}, .deviation = {0.25}}},
          .instruction_set = "test_instructions",
          .product_backend = "test_products"};
}

/// Element i of tensor t is first + t + i/8, exact in both precisions; zero between tensors.
template <typename Real>
linear_algebra::AlignedVector<Real> example_vector(double first) {
  const model::ParameterLayout layout = example_layout();
  linear_algebra::AlignedVector<Real> values(layout.padded_size(), Real{0});
  for (const model::Tensor& tensor : layout.tensors()) {
    for (std::size_t i = 0; i < tensor.size; ++i) {
      values[tensor.offset + i] =
          static_cast<Real>(first + static_cast<double>(tensor.index) + static_cast<double>(i) / 8);
    }
  }
  return values;
}

/// Numbers as fields of every part, each another: 1001, 1002.1, ...
struct FillFields {
  double next = 1000;

  void operator()(const char* /*part*/, const char* /*field*/, std::uint64_t& value) {
    value = static_cast<std::uint64_t>(next += 1);
  }
  void operator()(const char* /*part*/, const char* /*field*/, double& value) { value = (next += 1) + 0.1; }
};

template <typename Real>
training::TrainingState<Real> example_state() {
  training::TrainingState<Real> state;
  state.method.x = example_vector<Real>(-1);
  state.method.slots.push_back({"velocity", example_vector<Real>(10)});
  state.method.slots.push_back({"acceleration", example_vector<Real>(20)});  // not in the order of the alphabet
  state.method.numbers = {{"radius", 0.75}, {"value", 1.0 / 3}};
  state.stop = training::StopReason::no_descent;
  state.visit_scalars(state, FillFields{});
  state.units = {{-24, -3, 7, 0}, {1, 15, 2, 3}};
  for (int shard = 0; shard < 11; ++shard) {  // more than one digit
    state.residuals.push_back(example_vector<Real>(100 * (shard + 1)));
  }
  state.standardization = {{0.1, 0.2, 0.3, 0.4, 0.5}, {1, 2, 3, 4, 1.0 / 3}};
  return state;
}

}  // namespace cauchy::test

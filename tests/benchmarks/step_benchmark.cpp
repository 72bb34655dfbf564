// Time of the parts of a step on one thread: product, forward and backward, update, gathering of samples' order.
//
//     build/release/tests/step_benchmark --benchmark_filter=Network

#include <benchmark/benchmark.h>

#include <vector>

#include "cauchy/core/random.hpp"
#include "cauchy/data/sampler.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/product.hpp"
#include "cauchy/model/network.hpp"
#include "cauchy/optimize/method.hpp"

namespace cauchy {
namespace {

using linear_algebra::AlignedVector;
using linear_algebra::Transposed;

AlignedVector<float> random_values(std::size_t count) {
  core::RandomStream random(1, core::Purpose::initialization, 0, 0);
  AlignedVector<float> values(count);
  for (float& value : values) {
    value = static_cast<float>(2 * random.uniform() - 1);
  }
  return values;
}

void report_operations(benchmark::State& state, double operations) {
  state.counters["FLOP/s"] = benchmark::Counter(operations, benchmark::Counter::kIsIterationInvariantRate);
}

// (m × k)·(k × n), the product of a layer's forward pass.
void Product(benchmark::State& state) {
  linear_algebra::prepare_products();
  const auto m = static_cast<std::size_t>(state.range(0));
  const auto n = static_cast<std::size_t>(state.range(1));
  const auto k = static_cast<std::size_t>(state.range(2));
  const auto a = random_values(m * k);
  const auto b = random_values(k * n);
  AlignedVector<float> result(m * n);
  linear_algebra::Products<float> products;
  for (auto _ : state) {
    products.multiply({a.data(), m, k}, Transposed::no, {b.data(), k, n}, Transposed::no, {result.data(), m, n});
    benchmark::DoNotOptimize(result.data());
  }
  report_operations(state, 2.0 * static_cast<double>(m * n * k));
}
BENCHMARK(Product)->Args({64, 128, 64})->Args({512, 512, 784})->Args({512, 2048, 2048})->Args({512, 10, 2048});

// Value and gradient of a microbatch. Operations: 6 a weight and sample, less the first layer's input gradient.
void NetworkStep(benchmark::State& state, const std::vector<std::uint64_t>& layers, std::size_t inputs) {
  linear_algebra::prepare_products();
  model::ModelOptions options;
  options.layers = layers;
  const model::Network<float> network(options, inputs, model::make_likelihood<float>("categorical", 10, 1));
  const auto samples = static_cast<std::size_t>(state.range(0));
  AlignedVector<float> theta(network.layout().padded_size());
  network.initialize(theta, 1);
  AlignedVector<float> gradient(theta.size());
  const auto features = random_values(samples * inputs);
  AlignedVector<float> targets(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    targets[i] = static_cast<float>(i % 10);
  }
  auto workspace = network.workspace(samples);
  for (auto _ : state) {
    benchmark::DoNotOptimize(network.value_and_gradient(
        theta, {{features.data(), samples, inputs}, {targets.data(), samples, 1}}, gradient, nullptr, workspace));
  }
  double operations = 0;
  for (const model::Tensor& tensor : network.layout().tensors()) {
    if (tensor.kind == model::TensorKind::weights) {
      operations += (tensor.index == 0 ? 4.0 : 6.0) * static_cast<double>(tensor.size * samples);
    }
  }
  report_operations(state, operations);
  state.SetItemsProcessed(static_cast<std::int64_t>(samples) * state.iterations());
}
BENCHMARK_CAPTURE(NetworkStep, digits, {128}, 64)->Arg(64);
BENCHMARK_CAPTURE(NetworkStep, fashion_mnist, {512, 256}, 784)->Arg(256);
BENCHMARK_CAPTURE(NetworkStep, fashion_mnist_large, {2048, 2048}, 784)->Arg(512);

/// A fixed gradient, so that only the update counts.
class FixedGradient final : public optimize::Objective<float> {
 public:
  double value_and_gradient(std::span<const float> /*x*/, std::span<float> gradient) override {
    benchmark::DoNotOptimize(gradient.data());
    return 0;
  }
};

void Update(benchmark::State& state, const char* name) {
  optimize::MethodOptions options;
  options.method = name;
  const auto method = optimize::make_method<float>(options);
  FixedGradient objective;
  auto method_state = method->start(random_values(static_cast<std::size_t>(state.range(0))));
  for (auto _ : state) {
    method->step(objective, method_state);
  }
  state.SetItemsProcessed(state.range(0) * state.iterations());
}
BENCHMARK_CAPTURE(Update, gradient_descent, "gradient_descent")->Arg(5800000);
BENCHMARK_CAPTURE(Update, momentum, "momentum")->Arg(5800000);

void Permutation(benchmark::State& state) {
  const data::Sampler sampler({static_cast<std::uint64_t>(state.range(0)), 1, 1024, 16384, 1});
  std::vector<std::uint32_t> order;
  std::uint64_t epoch = 0;
  for (auto _ : state) {
    sampler.permutation(0, epoch++, order);
    benchmark::DoNotOptimize(order.data());
  }
  state.SetItemsProcessed(state.range(0) * state.iterations());
}
BENCHMARK(Permutation)->Arg(60000);

}  // namespace
}  // namespace cauchy

// Time of the parts of a run on one thread: product, forward and backward, likelihood, rounding and its way back,
// fingerprint, update, gathering of samples' order, reading.
//
//     build/release/tests/step_benchmark --benchmark_filter=Network

#include <benchmark/benchmark.h>

#include <algorithm>
#include <functional>
#include <span>
#include <vector>

#include "cauchy/core/fingerprint.hpp"
#include "cauchy/data/row_order.hpp"
#include "cauchy/data/sampler.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/product.hpp"
#include "cauchy/model/network.hpp"
#include "cauchy/optimize/method.hpp"
#include "cauchy/reduction/blocks.hpp"
#include "cauchy/reduction/grid.hpp"
#include "cauchy/storage/file.hpp"
#include "support/random_values.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy {
namespace {

using linear_algebra::AlignedVector;
using linear_algebra::Transposed;
using test::random_values;

void report_operations(benchmark::State& state, double operations) {
  state.counters["FLOP/s"] = benchmark::Counter(operations, benchmark::Counter::kIsIterationInvariantRate);
}

// (m × k)·(k × n), the product of a layer's forward pass.
void Product(benchmark::State& state) {
  linear_algebra::prepare_products();
  const auto m = static_cast<std::size_t>(state.range(0));
  const auto n = static_cast<std::size_t>(state.range(1));
  const auto k = static_cast<std::size_t>(state.range(2));
  const auto a = random_values<float>(m * k);
  const auto b = random_values<float>(k * n);
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
  const auto features = random_values<float>(samples * inputs);
  AlignedVector<float> targets(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    targets[i] = static_cast<float>(i % 10);
  }
  auto workspace = network.workspace(samples);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        network.value_and_gradient(theta, {{features.data(), samples, inputs}, {{targets.data(), samples, 1}}},
                                   {gradient, linear_algebra::Write::overwrite}, workspace));
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
BENCHMARK_CAPTURE(NetworkStep, hundred_parameters, {}, 9)->Arg(32);
BENCHMARK_CAPTURE(NetworkStep, digits, {128}, 64)->Arg(64);
BENCHMARK_CAPTURE(NetworkStep, fashion_mnist, {512, 256}, 784)->Arg(256);
BENCHMARK_CAPTURE(NetworkStep, fashion_mnist_large, {2048, 2048}, 784)->Arg(512);

// NLL and derivative of a batch of ten outputs.
void LikelihoodStep(benchmark::State& state, const char* name) {
  constexpr std::size_t outputs = 10;
  const auto likelihood = model::make_likelihood<float>(name, outputs, outputs);
  const auto samples = static_cast<std::size_t>(state.range(0));
  const auto values = random_values<float>(samples * outputs);
  AlignedVector<float> targets(samples * likelihood->target_columns());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    targets[i] = static_cast<float>(i % outputs);
  }
  AlignedVector<float> derivative(values.size());
  for (auto _ : state) {
    benchmark::DoNotOptimize(likelihood->nll_and_derivative({values.data(), samples, outputs},
                                                            {{targets.data(), samples, likelihood->target_columns()}},
                                                            {derivative.data(), samples, outputs}));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(samples) * state.iterations());
}
BENCHMARK_CAPTURE(LikelihoodStep, categorical, "categorical")->Arg(32)->Arg(512);
BENCHMARK_CAPTURE(LikelihoodStep, gaussian, "gaussian")->Arg(32)->Arg(512);

constexpr std::int64_t large_network = 5800000;

// A shard's gradient into the rank's sum, and the maxima, in blocks as training does it.
template <typename Integer>
void Round(benchmark::State& state) {
  const auto gradient = random_values<float>(static_cast<std::size_t>(state.range(0)));
  std::vector<Integer> sum(gradient.size(), 0);
  const reduction::Grid<float, Integer> grid(8);
  const int exponent = grid.exponent_for(reduction::pattern_of(1.0F));
  const bool first_shard = state.range(1) == 0;
  constexpr std::size_t block = reduction::Blocks::block_elements;
  for (auto _ : state) {
    for (std::size_t first = 0; first < gradient.size(); first += block) {
      const std::size_t size = std::min(block, gradient.size() - first);
      benchmark::DoNotOptimize(grid.round(std::span(gradient).subspan(first, size), exponent,
                                          std::span(sum).subspan(first, size), first_shard));
    }
    if (!first_shard) {
      state.PauseTiming();
      std::ranges::fill(sum, Integer{0});  // or it would overflow after many rounds
      state.ResumeTiming();
    }
  }
  const std::size_t bytes = sizeof(float) + (first_shard ? 1 : 2) * sizeof(Integer);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.range(0) * state.iterations());
}
BENCHMARK(Round<std::int32_t>)->Args({large_network, 0})->Args({large_network, 1});
BENCHMARK(Round<std::int64_t>)->Args({large_network, 0})->Args({large_network, 1});

// The same in pairs of 16 bits, with error feedback: the first shard of a rank.
void RoundWithFeedback(benchmark::State& state) {
  const auto gradient = random_values<float>(static_cast<std::size_t>(state.range(0)));
  AlignedVector<float> last(gradient.size());
  AlignedVector<float> next(gradient.size());
  std::vector<std::int32_t> sum(reduction::words<std::int16_t>(gradient.size()));
  const reduction::Grid<float, std::int16_t> grid(8);
  const int exponent = grid.exponent_for(reduction::pattern_of(1.0F));
  constexpr std::size_t block = reduction::Blocks::block_elements;
  for (auto _ : state) {
    for (std::size_t first = 0; first < gradient.size(); first += block) {
      const std::size_t size = std::min(block, gradient.size() - first);
      const auto corrected = std::span(next).subspan(first, size);
      std::ranges::transform(std::span(gradient).subspan(first, size), std::span(last).subspan(first, size),
                             corrected.begin(), std::plus<>());
      benchmark::DoNotOptimize(grid.round(
          corrected, exponent,
          std::span(sum).subspan(reduction::words<std::int16_t>(first), reduction::words<std::int16_t>(size)), true));
      reduction::keep_remainders(corrected, exponent);
    }
    last.swap(next);
  }
  constexpr std::size_t bytes = 3 * sizeof(float) + sizeof(std::int16_t);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.range(0) * state.iterations());
}
BENCHMARK(RoundWithFeedback)->Arg(large_network);

template <typename Integer>
void MeanOfSum(benchmark::State& state) {
  const auto elements = static_cast<std::size_t>(state.range(0));
  const std::vector<reduction::Word<Integer>> sum(reduction::words<Integer>(elements), 12345);
  AlignedVector<float> mean(elements);
  for (auto _ : state) {
    reduction::mean_of_sum<float, Integer>(sum, -20, 1024, mean);
    benchmark::DoNotOptimize(mean.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(sizeof(float) + sizeof(Integer)) * state.range(0) *
                          state.iterations());
}
BENCHMARK(MeanOfSum<std::int16_t>)->Arg(large_network);
BENCHMARK(MeanOfSum<std::int32_t>)->Arg(large_network);
BENCHMARK(MeanOfSum<std::int64_t>)->Arg(large_network);

void Fingerprint(benchmark::State& state) {
  const auto values = random_values<float>(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(core::fingerprint(std::as_bytes(std::span(values))));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(sizeof(float)) * state.range(0) * state.iterations());
}
BENCHMARK(Fingerprint)->Arg(large_network);

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
  const auto method = optimize::make_method<float>(options, 0, {});
  FixedGradient objective;
  auto method_state = method->start(random_values<float>(static_cast<std::size_t>(state.range(0))));
  for (auto _ : state) {
    method->step(objective, method_state, {1, 0.1});
  }
  state.SetItemsProcessed(state.range(0) * state.iterations());
}
BENCHMARK_CAPTURE(Update, gradient_descent, "gradient_descent")->Arg(large_network);
BENCHMARK_CAPTURE(Update, momentum, "momentum")->Arg(large_network);
BENCHMARK_CAPTURE(Update, adam, "adam")->Arg(large_network);

void Permutation(benchmark::State& state) {
  const data::Sampler sampler({static_cast<std::uint64_t>(state.range(0)), 1, 1024, 16384, 1});
  data::RowOrder order(sampler, 0);
  std::uint64_t epoch = 0;
  for (auto _ : state) {
    order.start(epoch++);
    benchmark::DoNotOptimize(order.rows({0, sampler.options().rows}).data());
  }
  state.SetItemsProcessed(state.range(0) * state.iterations());
}
BENCHMARK(Permutation)->Arg(60000);

// Rows of an HDF5 file, from the page cache, in the type that they have there.
template <typename T>
void ReadRows(benchmark::State& state) {
  constexpr std::uint64_t rows = 10000;
  constexpr std::uint64_t columns = 784;
  const test::TemporaryFolder folder;
  std::vector<T> values(rows * columns, T{1});
  storage::File written = storage::File::create(folder / "rows.h5");
  written.write<T>("/features", {rows, columns}, values);
  written.close();
  const storage::File file = storage::File::open(folder / "rows.h5");
  for (auto _ : state) {
    file.read_rows<T>("/features", 0, rows, values);
    benchmark::DoNotOptimize(values.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(rows * columns * sizeof(T)) * state.iterations());
}
BENCHMARK(ReadRows<float>);
BENCHMARK(ReadRows<std::uint8_t>);

}  // namespace
}  // namespace cauchy

// What the parts of a step cost in instructions, under callgrind, which instructions_test.py starts and reads: each
// part is measured on its second run, when memory has been touched and kernels have been made.

#include <gnu/libc-version.h>
#include <hdf5.h>
#include <valgrind/callgrind.h>

#include <Eigen/Core>
#include <dnnl.hpp>
#include <filesystem>
#include <functional>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/data/row_order.hpp"
#include "cauchy/data/sampler.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/bf16.hpp"
#include "cauchy/linear_algebra/product.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "cauchy/model/network.hpp"
#include "cauchy/optimize/method.hpp"
#include "cauchy/reduction/grid.hpp"
#include "cauchy/storage/file.hpp"
#include "support/random_values.hpp"

namespace cauchy {
namespace {

using linear_algebra::AlignedVector;
using linear_algebra::Transposed;
using test::random_values;

constexpr std::size_t many = 65536;

void measure(const char* name, const std::function<void()>& work) {
  work();
  CALLGRIND_ZERO_STATS;
  CALLGRIND_TOGGLE_COLLECT;
  work();
  CALLGRIND_TOGGLE_COLLECT;
  CALLGRIND_DUMP_STATS_AT(name);
}

template <typename Real>
void measure_product(const char* name, linear_algebra::Operands operands) {
  const auto a = random_values<Real>(64 * 128);
  const auto b = random_values<Real>(128 * 64);
  AlignedVector<Real> result(64 * 64);
  linear_algebra::Products<Real> products(operands);
  measure(name, [&] {
    products.multiply({a.data(), 64, 128}, Transposed::no, {b.data(), 128, 64}, Transposed::no,
                      {result.data(), 64, 64});
  });
}

template <typename Integer>
void measure_rounding(const char* overwrite, const char* add, const char* mean) {
  auto values = random_values<float>(many);
  std::vector<Integer> sum(many, 0);
  const reduction::Grid<float, Integer> grid(8);
  const int exponent = grid.exponent_for(reduction::pattern_of(1.0F));
  measure(overwrite, [&] { grid.round(values, exponent, sum, true); });
  measure(add, [&] { grid.round(values, exponent, sum, false); });
  measure(mean, [&] { reduction::mean_of_sum<float, Integer>(sum, exponent, 1024, values); });
}

void measure_likelihood(const char* name, const std::string& likelihood) {
  constexpr std::size_t samples = 1024;
  const auto distribution = model::make_likelihood<float>(likelihood, 10, 10);
  const auto outputs = random_values<float>(samples * 10);
  const AlignedVector<float> targets(samples * distribution->target_columns(), 1.0F);
  AlignedVector<float> derivative(outputs.size());
  measure(name, [&] {
    distribution->nll_and_derivative({outputs.data(), samples, 10},
                                     {{targets.data(), samples, distribution->target_columns()}},
                                     {derivative.data(), samples, 10});
  });
}

void measure_network(const char* name, const char* activation) {
  constexpr std::size_t samples = 64;
  model::ModelOptions options;
  options.layers = {64, 64};
  options.activation = {activation};
  const model::Network<float> network(options, 64, model::make_likelihood<float>("categorical", 10, 1));
  AlignedVector<float> theta(network.layout().padded_size());
  network.initialize(theta, 1);
  AlignedVector<float> gradient(theta.size());
  const auto features = random_values<float>(samples * 64);
  const AlignedVector<float> targets(samples, 1.0F);
  auto workspace = network.workspace(samples);
  measure(name, [&] {
    network.value_and_gradient(theta, {{features.data(), samples, 64}, {{targets.data(), samples, 1}}},
                               {gradient, linear_algebra::Write::overwrite}, workspace);
  });
}

/// A gradient that is there already, so that only the update counts.
class NoObjective final : public optimize::Objective<float> {
 public:
  double value_and_gradient(std::span<const float> /*x*/, std::span<float> /*gradient*/) override { return 0; }
};

void measure_update(const char* name, const char* method_name) {
  optimize::MethodOptions options;
  options.method = method_name;
  const auto method = optimize::make_method<float>(options, 0, {});
  NoObjective objective;
  auto state = method->start(random_values<float>(many));
  measure(name, [&] { method->step(objective, state, {1, 0.1}); });
}

void measure_reading(const std::filesystem::path& folder) {
  const std::uint64_t rows = 1000;
  const std::uint64_t inputs = 100;
  const std::string path = folder / "data.h5";
  {
    storage::File file = storage::File::create(path);
    file.write<float>("features", {rows, inputs}, random_values<float>(rows * inputs));
    file.write<std::uint8_t>("targets", {rows}, std::vector<std::uint8_t>(rows, 1));
  }
  const data::Source source{"data", path, "features", "targets"};
  const data::SourceShape shape = data::hdf5_shape(source);
  const data::Standardization scaling{std::vector<double>(inputs, 0.5), std::vector<double>(inputs, 2.0)};
  measure("read", [&] { data::read_samples<float>(*data::make_hdf5_reader(source, shape), {0, rows}, {}); });
  measure("read and standardise", [&] {
    data::read_samples<float>(*data::make_hdf5_reader(source, shape), {0, rows}, scaling);
  });
  std::filesystem::remove(path);
}

/// All that the counts depend on beside our own code.
void print_versions() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  H5get_libversion(&major, &minor, &release);
  std::cout << "g++ " << __VERSION__ << "; oneDNN " << dnnl_version()->major << "." << dnnl_version()->minor << "."
            << dnnl_version()->patch << "; Eigen " << EIGEN_WORLD_VERSION << "." << EIGEN_MAJOR_VERSION << "."
            << EIGEN_MINOR_VERSION << "; HDF5 " << major << "." << minor << "." << release << "; glibc "
            << gnu_get_libc_version() << std::endl;
}

void measure_all(const std::filesystem::path& folder) {
  linear_algebra::prepare_products();
  measure_product<float>("product of floats", linear_algebra::Operands::as_they_are);
  measure_product<float>("product of rounded floats", linear_algebra::Operands::rounded_to_bf16);
  measure_product<double>("product of doubles", linear_algebra::Operands::as_they_are);
  measure_rounding<std::int32_t>("round, int32", "round and add, int32", "mean, int32");
  measure_rounding<std::int64_t>("round, int64", "round and add, int64", "mean, int64");
  measure_likelihood("categorical", "categorical");
  measure_likelihood("gaussian", "gaussian");
  measure_network("network, relu", "relu");
  measure_network("network, gelu", "gelu");
  measure_update("gradient descent", "gradient_descent");
  measure_update("momentum", "momentum");
  const auto values = random_values<float>(many);
  double squares = 0;
  measure("sum of squares", [&] { squares += linear_algebra::sum_of_squares<float>(values); });
  AlignedVector<linear_algebra::Bf16> rounded(many);
  measure("round to bf16", [&] { linear_algebra::round_to_bf16(values, std::span(rounded)); });
  const data::Sampler sampler({many, 1, 1024, 16384, 1});
  data::RowOrder order(sampler, 0);
  measure("permutation", [&] {
    order.start(1);
    order.rows({0, many});
  });
  measure_reading(folder);
}

}  // namespace
}  // namespace cauchy

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: valgrind --tool=callgrind --collect-atstart=no instructions FOLDER\n";
    return 2;
  }
  cauchy::print_versions();
  cauchy::measure_all(argv[1]);
}

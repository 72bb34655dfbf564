// What the machine gives to all ranks at once, as CSV: operations of its units, memory, products, allreduce.
//
//     mpirun -np 2 --bind-to core build/release/tests/machine_limits [--layers 784,2048,2048,10] [--samples 512]
//     [--only products]
//
// Rates are sums over the ranks, which measure at the same time; times are those of the slowest rank; each is the
// median of seven. Operations are counted as 2·m·n·k a product. The libraries are called as they come, without our own
// layers above them, so that these are limits to them; "network" is our forward and backward pass at the same shapes.

#include <immintrin.h>
#include <mpi.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <dnnl.hpp>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/product.hpp"
#include "cauchy/model/network.hpp"
#include "support/random_values.hpp"

namespace cauchy {
namespace {

using linear_algebra::AlignedVector;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double over_ranks(double value, MPI_Op operation) {
  MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DOUBLE, operation, MPI_COMM_WORLD);
  return value;
}

bool is_root() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank == 0;
}

void print(const std::string& quantity, const std::string& detail, double value, const char* unit) {
  if (is_root()) {
    std::cout << quantity << "," << detail << "," << value << "," << unit << std::endl;
  }
}

/// Collective. Seconds of one call: the median of seven measurements that all ranks begin together, each of as many
/// calls as take 50 ms.
double seconds_of(const std::function<void()>& work) {
  constexpr double enough = 0.05;
  work();
  const double start = now();
  work();
  const double once = std::max(1e-9, over_ranks(now() - start, MPI_MAX));
  const int calls = 1 + static_cast<int>(std::min(1e7, enough / once));
  std::array<double, 7> seconds{};
  for (double& value : seconds) {
    MPI_Barrier(MPI_COMM_WORLD);
    const double begin = now();
    for (int i = 0; i < calls; ++i) {
      work();
    }
    value = (now() - begin) / calls;
  }
  std::ranges::sort(seconds);
  return seconds[seconds.size() / 2];
}

/// Collective. The sum over ranks of amount/seconds.
double rate_of(double amount, const std::function<void()>& work) {
  return over_ranks(amount / seconds_of(work), MPI_SUM);
}

// Multiply-add units: 16 independent sums, more than latency times units of any processor so far.
constexpr int sums = 16;
constexpr int rounds = 1000;

__attribute__((target("avx512f"))) float multiply_add_512() {
  __m512 sum[sums];
  std::fill_n(sum, sums, _mm512_set1_ps(1));
  const __m512 factor = _mm512_set1_ps(0.999F);
  for (int i = 0; i < rounds; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < sums; ++j) {
      sum[j] = _mm512_fmadd_ps(sum[j], factor, factor);
    }
  }
  float result = 0;
  for (const __m512 value : sum) {
    result += _mm512_cvtss_f32(value);
  }
  return result;
}

__attribute__((target("avx2,fma"))) float multiply_add_256() {
  constexpr int few_sums = 12;  // there are 16 registers
  __m256 sum[few_sums];
  std::fill_n(sum, few_sums, _mm256_set1_ps(1));
  const __m256 factor = _mm256_set1_ps(0.999F);
  for (int i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (int j = 0; j < few_sums; ++j) {
      sum[j] = _mm256_fmadd_ps(sum[j], factor, factor);
    }
  }
  float result = 0;
  for (const __m256 value : sum) {
    result += _mm256_cvtss_f32(value);
  }
  return result;
}

__attribute__((target("avx512f,avx512bf16"))) float multiply_add_bf16() {
  __m512 sum[sums];
  std::fill_n(sum, sums, _mm512_set1_ps(1));
  const __m512bh factor = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5F), _mm512_set1_ps(0.5F));
  for (int i = 0; i < rounds; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < sums; ++j) {
      sum[j] = _mm512_dpbf16_ps(sum[j], factor, factor);
    }
  }
  float result = 0;
  for (const __m512 value : sum) {
    result += _mm512_cvtss_f32(value);
  }
  return result;
}

void measure_units() {
  volatile float sink = 0;
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) {
    print("units", "float32", rate_of(2.0 * 16 * sums * rounds, [&] { sink = multiply_add_512(); }) / 1e9, "GFLOP/s");
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    print("units", "float32", rate_of(2.0 * 8 * 12 * rounds, [&] { sink = multiply_add_256(); }) / 1e9, "GFLOP/s");
  }
  if (__builtin_cpu_supports("avx512bf16")) {
    print("units", "bf16", rate_of(2.0 * 32 * sums * rounds, [&] { sink = multiply_add_bf16(); }) / 1e9, "GFLOP/s");
  }
}

/// a = b + s·c, counted as 12 bytes an element, in arrays that no cache holds and in ones of a large network's size.
void measure_memory() {
  for (const auto& [name, elements] : {std::pair{"512 MB", std::size_t{1} << 27}, {"23 MB", std::size_t{5820416}}}) {
    AlignedVector<float> a(elements, 0.0F);
    const AlignedVector<float> b(elements, 1.0F);
    const AlignedVector<float> c(elements, 2.0F);
    const double bytes = 12.0 * static_cast<double>(elements);
    print("memory", name,
          rate_of(bytes,
                  [&] {
                    for (std::size_t i = 0; i < a.size(); ++i) {
                      a[i] = b[i] + 0.5F * c[i];
                    }
                  }) /
              1e9,
          "GB/s");
  }
}

struct Product {
  std::string name;
  long m, n, k;
  bool a_transposed, b_transposed;
  double operations() const { return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k); }
};

/// All products of a forward and a backward pass.
std::vector<Product> products_of(const std::vector<std::uint64_t>& widths, std::size_t samples) {
  std::vector<Product> result;
  const auto s = static_cast<long>(samples);
  for (std::size_t layer = 1; layer < widths.size(); ++layer) {
    const auto inputs = static_cast<long>(widths[layer - 1]);
    const auto outputs = static_cast<long>(widths[layer]);
    const std::string number = std::to_string(layer);
    result.push_back({"forward " + number, s, outputs, inputs, false, false});
    result.push_back({"weights " + number, inputs, outputs, s, true, false});
    if (layer > 1) {
      result.push_back({"inputs " + number, s, inputs, outputs, false, true});
    }
  }
  return result;
}

double onednn_seconds(const Product& product, dnnl::memory::data_type type) {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  static dnnl::stream stream(engine);
  using Tag = dnnl::memory::format_tag;
  const dnnl::memory::desc a_desc({product.m, product.k}, type, product.a_transposed ? Tag::ba : Tag::ab);
  const dnnl::memory::desc b_desc({product.k, product.n}, type, product.b_transposed ? Tag::ba : Tag::ab);
  const dnnl::memory::desc result_desc({product.m, product.n}, dnnl::memory::data_type::f32, Tag::ab);
  const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(a_desc, b_desc, result_desc), engine);
  const dnnl::matmul primitive(description);
  const std::unordered_map<int, dnnl::memory> arguments = {{DNNL_ARG_SRC, dnnl::memory(a_desc, engine)},
                                                           {DNNL_ARG_WEIGHTS, dnnl::memory(b_desc, engine)},
                                                           {DNNL_ARG_DST, dnnl::memory(result_desc, engine)}};
  for (const auto& [argument, memory] : arguments) {
    std::memset(memory.get_data_handle(), 0, memory.get_desc().get_size());
  }
  return seconds_of([&] {
    primitive.execute(stream, arguments);
    stream.wait();
  });
}

double eigen_seconds(const Product& product) {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Matrix a = product.a_transposed ? Matrix::Zero(product.k, product.m) : Matrix::Zero(product.m, product.k);
  const Matrix b = product.b_transposed ? Matrix::Zero(product.n, product.k) : Matrix::Zero(product.k, product.n);
  Matrix result(product.m, product.n);
  return seconds_of([&] {
    if (product.a_transposed) {
      result.noalias() = a.transpose() * b;
    } else if (product.b_transposed) {
      result.noalias() = a * b.transpose();
    } else {
      result.noalias() = a * b;
    }
  });
}

void measure_products(const std::vector<std::uint64_t>& widths, std::size_t samples) {
  struct Backend {
    std::string name;
    std::function<double(const Product&)> seconds;
    double all_seconds = 0;
  };
  std::vector<Backend> backends = {
      {"oneDNN float32", [](const Product& p) { return onednn_seconds(p, dnnl::memory::data_type::f32); }},
      {"Eigen float32", eigen_seconds}};
  if (__builtin_cpu_supports("avx512bf16")) {
    backends.push_back(
        {"oneDNN bf16", [](const Product& p) { return onednn_seconds(p, dnnl::memory::data_type::bf16); }});
  }
  double operations = 0;
  for (const Product& product : products_of(widths, samples)) {
    operations += product.operations();
    for (Backend& backend : backends) {
      const double seconds = backend.seconds(product);
      backend.all_seconds += seconds;
      print("product " + backend.name, product.name, over_ranks(product.operations() / seconds, MPI_SUM) / 1e9,
            "GFLOP/s");
    }
  }
  for (const Backend& backend : backends) {
    print("product " + backend.name, "all", over_ranks(operations / backend.all_seconds, MPI_SUM) / 1e9, "GFLOP/s");
  }

  model::ModelOptions options;
  options.layers.assign(widths.begin() + 1, widths.end() - 1);
  const std::size_t inputs = widths.front();
  const model::Network<float> network(options, inputs, model::make_likelihood<float>("categorical", widths.back(), 1));
  AlignedVector<float> theta(network.layout().padded_size());
  network.initialize(theta, 1);
  AlignedVector<float> gradient(theta.size());
  const AlignedVector<float> features = test::random_values<float>(samples * inputs);
  const AlignedVector<float> targets(samples, 1.0F);
  auto workspace = network.workspace(samples);
  print("network float32", "all",
        rate_of(operations,
                [&] {
                  network.value_and_gradient(theta,
                                             {{features.data(), samples, inputs}, {{targets.data(), samples, 1}}},
                                             {gradient, linear_algebra::Write::overwrite}, workspace);
                }) /
            1e9,
        "GFLOP/s");
}

void measure_allreduce() {
  for (std::size_t bytes = 4; bytes <= (std::size_t{64} << 20); bytes *= 4) {
    std::vector<std::int32_t> values(bytes / 4, 0);
    const double seconds = over_ranks(seconds_of([&] {
                                        MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()),
                                                      MPI_INT32_T, MPI_SUM, MPI_COMM_WORLD);
                                      }),
                                      MPI_MAX);
    print("allreduce", std::to_string(bytes) + " B", seconds * 1e6, "us");
  }
}

std::vector<std::uint64_t> numbers(const std::string& text) {
  std::vector<std::uint64_t> result;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    result.push_back(std::stoull(part));
  }
  return result;
}

}  // namespace
}  // namespace cauchy

int main(int argc, char** argv) {
  std::string layers = "784,2048,2048,10";
  std::string samples = "512";
  std::string only;
  const std::unordered_map<std::string, std::string*> options = {
      {"--layers", &layers}, {"--samples", &samples}, {"--only", &only}};
  for (int i = 1; i < argc; i += 2) {
    const auto option = options.find(argv[i]);
    if (option == options.end() || i + 1 == argc) {
      std::cerr << "machine_limits: usage: machine_limits [--layers 784,2048,2048,10] [--samples 512] "
                   "[--only units|products|memory|allreduce]\n";
      return 2;
    }
    *option->second = argv[i + 1];
  }
  const auto wanted = [&](const char* what) { return only.empty() || only == what; };
  MPI_Init(&argc, &argv);
  cauchy::linear_algebra::prepare_products();
  if (wanted("units")) {
    cauchy::measure_units();
  }
  if (wanted("products")) {
    cauchy::measure_products(cauchy::numbers(layers), std::stoul(samples));
  }
  if (wanted("memory")) {
    cauchy::measure_memory();
  }
  if (wanted("allreduce")) {
    cauchy::measure_allreduce();
  }
  MPI_Finalize();
}

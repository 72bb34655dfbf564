// Products with the Hessian: against differences of the gradient, in either order, through every layer and likelihood.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "cauchy/core/random.hpp"
#include "cauchy/model/network.hpp"

namespace cauchy::model {
namespace {

using linear_algebra::AlignedVector;
using linear_algebra::Write;

struct Problem {
  std::string likelihood = "categorical";
  std::vector<std::uint64_t> hidden;
  std::vector<std::string> activation = {"tanh"};
  bool layer_norm = false;
  bool residual = false;
  double dropout = 0;
  bool intercept = true;
  std::size_t embedding = 0;
  std::vector<std::uint64_t> vocabulary = {};
  bool sparse = false;

  std::string name() const {
    std::string result = likelihood + (sparse ? " sparse" : "") + (layer_norm ? " normalised" : "") +
                         (residual ? " residual" : "") + (intercept ? "" : " without intercepts") + " dropout " +
                         std::to_string(dropout) + " embedding " + std::to_string(embedding);
    for (const auto width : hidden) result += " " + std::to_string(width);
    for (const auto& f : activation) result += " " + f;
    return result;
  }
};

/// A weighted, exposed batch of a network with random Θ, and directions.
template <typename Real>
struct Trial {
  static constexpr std::size_t inputs = 5;
  static constexpr std::size_t samples = 21;

  explicit Trial(const Problem& of_problem, linear_algebra::Operands operands = linear_algebra::Operands::as_they_are)
      : problem(of_problem),
        columns(problem.likelihood == "categorical" ? 1 : 2),
        network(options(), inputs, make_likelihood<Real>(problem.likelihood, 3, columns), operands),
        theta(network.layout().padded_size()),
        features(samples * inputs),
        targets(samples * columns),
        weights(samples),
        exposure(samples),
        rows(samples) {
    std::iota(rows.begin(), rows.end(), 3U);
    for (const Tensor& tensor : network.layout().tensors()) {
      std::generate_n(theta.data() + tensor.offset, tensor.size, [this] { return draw(); });
    }
    sparse.columns = inputs;
    for (std::size_t i = 0; i < samples; ++i) {
      for (std::size_t j = 0; j < inputs; ++j) {
        const std::size_t vocabulary = vocabulary_of(j);
        Real& value = features[i * inputs + j];
        value = vocabulary > 0 ? static_cast<Real>(random_.below(vocabulary)) : draw();
        if ((i + j) % 3 == 0) {
          sparse.indices.push_back(static_cast<std::uint32_t>(j));
          sparse.values.push_back(value);
        }
      }
      sparse.starts.push_back(sparse.indices.size());
      weights[i] = static_cast<Real>(i % 4) / 2;
      exposure[i] = 1 + static_cast<Real>(i % 3);
    }
    const bool classes = problem.likelihood == "categorical";
    const bool measured = network.likelihood().is_of_measurements();
    std::ranges::generate(targets,
                          [&] { return measured ? 2 * draw() : static_cast<Real>(random_.below(classes ? 3 : 2)); });
  }

  ModelOptions options() const {
    ModelOptions result;
    result.layers = problem.hidden;
    result.activation = problem.activation;
    result.likelihood = problem.likelihood;
    result.intercept = problem.intercept;
    result.layer_norm = problem.layer_norm;
    result.residual = problem.residual;
    result.dropout = problem.dropout;
    result.embedding = problem.embedding;
    result.vocabulary = problem.vocabulary;
    return result;
  }

  std::size_t vocabulary_of(std::size_t input) const {
    return problem.embedding == 0           ? 0
           : problem.vocabulary.size() == 1 ? problem.vocabulary[0]
                                            : problem.vocabulary[input];
  }

  /// Numbers of float, so that either precision has the same problem.
  Real draw() { return static_cast<Real>(static_cast<float>(2 * random_.uniform() - 1)); }

  AlignedVector<Real> direction() {
    AlignedVector<Real> result(theta.size());
    for (const Tensor& tensor : network.layout().tensors()) {
      std::generate_n(result.data() + tensor.offset, tensor.size, [this] { return draw(); });
    }
    return result;
  }

  Batch<Real> batch() const {
    Batch<Real> result{{features.data(), samples, inputs}, {{targets.data(), samples, columns}, weights, exposure}};
    if (problem.sparse) {
      result.features = sparse.view();
    }
    return result;
  }

  RandomKeys keys() const { return {11, 5, std::uint64_t{1} << 33, rows}; }

  AlignedVector<Real> gradient(const AlignedVector<Real>& at) const {
    AlignedVector<Real> result(theta.size());
    auto workspace = network.workspace(samples);
    const RandomKeys with = keys();
    network.value_and_gradient(at, batch(), {result, Write::add}, workspace, &with);
    return result;
  }

  AlignedVector<Real> product(const AlignedVector<Real>& direction, GradientSink<Real>* sink = nullptr) const {
    AlignedVector<Real> result(theta.size());
    auto workspace = network.workspace(samples);
    auto tangents = network.workspace(samples);
    const RandomKeys with = keys();
    network.hessian_vector(theta, direction, batch(), {result, Write::add, sink}, workspace, tangents, &with);
    return result;
  }

  Problem problem;
  std::size_t columns;
  Network<Real> network;
  AlignedVector<Real> theta;
  AlignedVector<Real> features;
  linear_algebra::SparseMatrix<Real> sparse;
  AlignedVector<Real> targets;
  AlignedVector<Real> weights;
  AlignedVector<Real> exposure;
  std::vector<std::uint32_t> rows;

 private:
  core::RandomStream random_{7, core::Purpose::shuffle, 0, 0};
};

std::vector<Problem> problems() {
  std::vector<Problem> all;
  for (const char* likelihood : {"categorical", "bernoulli", "gaussian", "gaussian_heteroscedastic", "poisson",
                                 "negative_binomial", "student_t"}) {
    all.push_back({likelihood, {}});
    all.push_back({likelihood, {4}});
    all.push_back({.likelihood = likelihood, .hidden = {}, .intercept = false, .sparse = true});
  }
  for (const char* activation : {"identity", "relu", "tanh", "sigmoid", "softplus", "gelu"}) {
    all.push_back({"categorical", {7, 6}, {activation}});
    all.push_back({"bernoulli", {7, 7}, {activation}, true, true, 0.3, false});
    all.push_back({.hidden = {7, 4}, .activation = {activation}, .sparse = true});
    all.push_back({.hidden = {7}, .activation = {activation}, .layer_norm = true});
  }
  all.push_back({"gaussian", {70, 70}, {"gelu", "tanh"}, true, true, 0.3});  // more than is narrow
  all.push_back({"categorical", {6, 6, 9, 9}, {"softplus", "gelu", "sigmoid", "tanh"}, false, true});
  all.push_back({"categorical", {7}, {"tanh"}, false, false, 0, true, 4, {9}});
  all.push_back({"poisson", {7}, {"gelu"}, false, false, 0, true, 3, {5, 0, 2, 0, 9}});
  all.push_back({"categorical", {}, {"tanh"}, false, false, 0, true, 2, {6}});
  all.push_back({"categorical", {10}, {"gelu"}, true, true, 0.2, true, 2, {9}});
  return all;
}

template <typename Real>
double dot(const AlignedVector<Real>& a, const AlignedVector<Real>& b) {
  return std::transform_reduce(a.begin(), a.end(), b.begin(), 0.0, std::plus<>(),
                               [](Real x, Real y) { return static_cast<double>(x) * static_cast<double>(y); });
}

template <typename Real>
double largest(const AlignedVector<Real>& values) {
  double result = 0;
  for (const Real value : values) result = std::max(result, std::abs(static_cast<double>(value)));
  return result;
}

class HessianTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { linear_algebra::prepare_products(); }
};

TEST_F(HessianTest, ProductIsTheDerivativeOfTheGradientAlongTheDirection) {
  for (const Problem& problem : problems()) {
    SCOPED_TRACE(problem.name());
    Trial<double> trial(problem);
    ASSERT_EQ(trial.network.hessian_fault(), "");
    const AlignedVector<double> direction = trial.direction();
    const AlignedVector<double> product = trial.product(direction);
    const auto difference = [&](double h) {
      AlignedVector<double> above = trial.theta;
      AlignedVector<double> below = trial.theta;
      for (std::size_t i = 0; i < above.size(); ++i) {
        above[i] += h * direction[i];
        below[i] -= h * direction[i];
      }
      AlignedVector<double> result = trial.gradient(above);
      const AlignedVector<double> other = trial.gradient(below);
      for (std::size_t i = 0; i < result.size(); ++i) result[i] = (result[i] - other[i]) / (2 * h);
      return result;
    };
    // Differences of 2h and h, extrapolated: what is left is of the order h⁴, a sixteenth of what the two differ by,
    // once more; and the rounding of gradients, sums over samples and units, over h.
    constexpr double h = 1.0 / 4096;
    const AlignedVector<double> coarse = difference(2 * h);
    const AlignedVector<double> fine = difference(h);
    const double scale = std::max(largest(product), largest(trial.gradient(trial.theta)));
    const double rounding = 64 * std::numeric_limits<double>::epsilon() * scale / h;
    for (std::size_t i = 0; i < product.size(); ++i) {
      const double bend = fine[i] - coarse[i];
      ASSERT_NEAR(product[i], fine[i] + bend / 3, std::abs(bend) / 1024 + rounding) << "element " << i;
    }
    EXPECT_GT(largest(product), 1e-3);
  }
}

/// u·Hv = v·Hu, to the rounding of sums over samples and units.
TEST_F(HessianTest, IsSymmetric) {
  for (const Problem& problem : problems()) {
    SCOPED_TRACE(problem.name());
    Trial<double> trial(problem);
    const AlignedVector<double> u = trial.direction();
    const AlignedVector<double> v = trial.direction();
    const AlignedVector<double> hu = trial.product(u);
    const AlignedVector<double> hv = trial.product(v);
    const double scale = static_cast<double>(u.size()) * (largest(hu) + largest(hv));
    EXPECT_NEAR(dot(u, hv), dot(v, hu), 16 * std::numeric_limits<double>::epsilon() * scale);
    EXPECT_GT(std::abs(dot(u, hv)), 1e-6 * scale);
  }
}

/// One rounding a term, as in network_test.cpp; second derivatives go through twice as many sums.
TEST_F(HessianTest, IsThatOfDoubleInFloat) {
  for (const Problem& problem : problems()) {
    SCOPED_TRACE(problem.name());
    Trial<double> exact(problem);
    Trial<float> trial(problem);
    const AlignedVector<double> expected = exact.product(exact.direction());
    const AlignedVector<float> product = trial.product(trial.direction());
    double terms = 5 + 3 + 21;
    for (const auto width : problem.hidden) terms += 4 * static_cast<double>(width);
    terms *= problem.layer_norm ? 8 : 1;
    const double scale = std::max(largest(expected), largest(exact.gradient(exact.theta)));
    const double tolerance = terms * std::numeric_limits<float>::epsilon() * scale;
    for (std::size_t i = 0; i < product.size(); ++i) {
      ASSERT_NEAR(product[i], expected[i], tolerance) << "element " << i;
    }
  }
}

/// Each operand of a product is off by 2^-9 of it at most; twelve pass through one another in two hidden layers.
TEST_F(HessianTest, TakesRoundedOperands) {
  for (const bool norm : {false, true}) {
    const Problem problem{"categorical", {8, 8}, {"gelu"}, norm, true, 0.2};
    Trial<double> exact(problem);
    Trial<float> trial(problem, linear_algebra::Operands::rounded_to_bf16);
    const AlignedVector<double> expected = exact.product(exact.direction());
    const AlignedVector<float> product = trial.product(trial.direction());
    double squares = 0;
    for (std::size_t i = 0; i < product.size(); ++i) squares += std::pow(product[i] - expected[i], 2);
    EXPECT_LT(squares, std::pow(12.0 / 512, 2) * dot(expected, expected));
    EXPECT_GT(squares, 0);
  }
}

/// Notes what it gets.
class NotingSink final : public GradientSink<double> {
 public:
  explicit NotingSink(std::size_t elements) : values(elements) {}
  void complete(const Tensor& tensor, std::span<const double> gradient) override {
    order.push_back(tensor.index);
    std::ranges::copy(gradient, values.begin() + static_cast<std::ptrdiff_t>(tensor.offset));
  }

  std::vector<std::size_t> order;
  AlignedVector<double> values;
};

TEST_F(HessianTest, IsHandedOutLikeAGradientAndAddsUp) {
  Trial<double> trial({"categorical", {7, 7}, {"tanh"}, true, true, 0.3});
  const AlignedVector<double> direction = trial.direction();
  NotingSink sink(direction.size());
  const AlignedVector<double> whole = trial.product(direction, &sink);
  EXPECT_EQ(sink.values, whole);
  NotingSink of_gradient(direction.size());
  AlignedVector<double> sum(direction.size(), 5.0);
  auto workspace = trial.network.workspace(32);
  auto tangents = trial.network.workspace(32);
  const RandomKeys keys = trial.keys();
  trial.network.value_and_gradient(trial.theta, trial.batch(), {sum, Write::overwrite, &of_gradient}, workspace, &keys);
  EXPECT_EQ(sink.order, of_gradient.order);

  std::ranges::fill(sum, 5.0);
  for (const std::size_t first : {0UL, 16UL}) {
    const std::size_t count = std::min<std::size_t>(16, 21 - first);
    RandomKeys of_part = keys;
    of_part.rows = keys.rows.subspan(first, count);
    trial.network.hessian_vector(trial.theta, direction, trial.batch().middle_rows(first, count),
                                 {sum, first == 0 ? Write::overwrite : Write::add}, workspace, tangents, &of_part);
  }
  for (const Tensor& tensor : trial.network.layout().tensors()) {
    for (std::size_t i = tensor.offset; i < linear_algebra::padded(tensor.offset + tensor.size); ++i) {
      if (i < tensor.offset + tensor.size) {
        ASSERT_NEAR(sum[i], whole[i], 64 * std::numeric_limits<double>::epsilon() * largest(whole));
      } else {
        ASSERT_EQ(sum[i], 5.0) << "padding";
      }
    }
  }
}

TEST_F(HessianTest, IsRefusedWhereThereIsNone) {
  Trial<double> trial({"laplace", {4}});
  EXPECT_EQ(trial.network.hessian_fault(), "the likelihood has no second derivatives");
  EXPECT_THROW(trial.product(trial.direction()), std::logic_error);
}

}  // namespace
}  // namespace cauchy::model

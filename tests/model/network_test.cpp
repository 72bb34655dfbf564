// The network against the slow reference and central differences, the order of the sink, cuts and reuse of memory.

#include "cauchy/model/network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "cauchy/core/random.hpp"
#include "cauchy/linear_algebra/bf16.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "reference_network.hpp"

namespace cauchy::model {
namespace {

using linear_algebra::AlignedVector;
using linear_algebra::Write;
using test::rounded;

struct Problem {
  std::size_t inputs = 5;
  std::vector<std::uint64_t> hidden;
  std::size_t outputs = 3;
  std::string activation = "tanh";
  std::string likelihood = "categorical";
  bool intercept = true;
  std::size_t samples = 21;
  bool layer_norm = false;
  bool residual = false;
  double dropout = 0;
  std::vector<std::string> activations = {};  ///< by hidden layer; empty: `activation` for all
  std::size_t embedding = 0;
  std::vector<std::uint64_t> vocabulary = {};

  ModelOptions options() const {
    ModelOptions result;
    result.layers = hidden;
    result.activation = activations.empty() ? std::vector{activation} : activations;
    result.likelihood = likelihood;
    result.intercept = intercept;
    result.layer_norm = layer_norm;
    result.residual = residual;
    result.dropout = dropout;
    result.embedding = embedding;
    result.vocabulary = vocabulary;
    return result;
  }
  /// How many tokens there are for an input; 0: it is a number.
  std::size_t vocabulary_of(std::size_t input) const {
    if (embedding == 0) return 0;
    return vocabulary.size() == 1 ? vocabulary[0] : vocabulary[input];
  }
  /// How many numbers go into the first layer behind the embedding.
  std::size_t embedded_inputs() const {
    std::size_t numbers = 0;
    for (std::size_t input = 0; input < inputs; ++input) numbers += vocabulary_of(input) > 0 ? embedding : 1;
    return numbers;
  }
  std::size_t target_columns() const { return likelihood == "categorical" ? 1 : outputs; }
};

std::ostream& operator<<(std::ostream& stream, const Problem& problem) {
  stream << problem.inputs << "-";
  for (const auto width : problem.hidden) stream << width << "-";
  return stream << problem.outputs << " " << problem.activation << " " << problem.likelihood
                << (problem.intercept ? "" : " without intercept") << (problem.layer_norm ? " normalised" : "")
                << (problem.residual ? " residual" : "") << " dropout " << problem.dropout << " embedding "
                << problem.embedding << ", " << problem.samples << " samples";
}

/// A network with numbers to run it on. The numbers are those of float, so that either precision has the same problem.
template <typename Real>
struct Trial {
  explicit Trial(const Problem& problem)
      : subject(problem),
        network(problem.options(), problem.inputs,
                make_likelihood<Real>(problem.likelihood, problem.outputs, problem.target_columns())),
        theta(network.layout().padded_size()),
        features(problem.samples * problem.inputs),
        targets(problem.samples * problem.target_columns()),
        gradient(theta.size()),
        rows(problem.samples) {
    std::iota(rows.begin(), rows.end(), 1000U);
    core::RandomStream random(7, core::Purpose::shuffle, 0, 0);
    const auto draw = [&random] { return static_cast<Real>(static_cast<float>(2 * random.uniform() - 1)); };
    for (const Tensor& tensor : network.layout().tensors()) {
      std::generate_n(theta.data() + tensor.offset, tensor.size, draw);
    }
    for (std::size_t i = 0; i < features.size(); ++i) {
      const std::size_t vocabulary = problem.vocabulary_of(i % problem.inputs);
      features[i] = vocabulary > 0 ? static_cast<Real>(random.below(vocabulary)) : draw();
    }
    std::ranges::generate(targets, [&] {
      return problem.likelihood == "categorical" ? static_cast<Real>(random.below(problem.outputs)) : draw();
    });
  }

  Batch<Real> batch() const {
    return {{features.data(), subject.samples, subject.inputs},
            {{targets.data(), subject.samples, subject.target_columns()}}};
  }

  /// Leaves a third of the features: none of sample 4, none in column 1.
  linear_algebra::SparseMatrix<Real> thin() {
    linear_algebra::SparseMatrix<Real> sparse;
    sparse.columns = subject.inputs;
    for (std::size_t i = 0; i < subject.samples; ++i) {
      for (std::size_t j = 0; j < subject.inputs; ++j) {
        Real& value = features[i * subject.inputs + j];
        if (i == 4 || j == 1 || (i + j) % 3 != 0) {
          value = 0;
        } else {
          sparse.indices.push_back(static_cast<std::uint32_t>(j));
          sparse.values.push_back(value);
        }
      }
      sparse.starts.push_back(sparse.indices.size());
    }
    return sparse;
  }

  double value_and_gradient(GradientSink<Real>* sink = nullptr) {
    std::ranges::fill(gradient, Real{0});
    auto workspace = network.workspace(subject.samples);
    const RandomKeys with = keys();
    return network.value_and_gradient(theta, batch(), {gradient, Write::add, sink}, workspace, &with);
  }

  /// With the same units left out.
  double value(const AlignedVector<Real>& at) const {
    auto workspace = network.workspace(subject.samples);
    AlignedVector<Real> unused(theta.size());
    const RandomKeys with = keys();
    return network.value_and_gradient(at, batch(), {unused, Write::overwrite}, workspace, &with);
  }

  RandomKeys keys() const { return {11, 5, std::uint64_t{1} << 33, rows}; }

  /// Philox one unit at a time.
  long double mask(std::size_t sample, std::size_t hidden_layer, std::size_t unit) const {
    const RandomKeys with = keys();
    core::RandomStream stream(with.seed, core::Purpose::dropout, static_cast<std::uint32_t>(hidden_layer),
                              static_cast<std::uint32_t>(with.epoch));
    const core::PhiloxKey key{stream.next32(), stream.next32()};
    const std::uint64_t row = with.first_row + with.rows[sample];
    // 16 blocks serve 128 units: the lower halves of the first words of all, of the second ones, ..., then the upper
    // ones.
    const std::size_t word = unit % 64;
    const auto block = static_cast<std::uint32_t>(unit / 128 * 16 + word % 16);
    const auto low = static_cast<std::uint32_t>(row);
    const auto high = static_cast<std::uint32_t>(row >> 32);
    const std::uint32_t bits = core::philox4x32({block, 0, low, high}, key).at(word / 16);
    const long double threshold = std::round(subject.dropout * 0x1p16);
    return (unit % 128 < 64 ? bits & 0xffff : bits >> 16) < threshold ? 0 : 1 / (1 - threshold * 0x1p-16L);
  }

  test::ReferenceNetwork::Result reference() const {
    std::vector<std::size_t> widths{subject.embedded_inputs()};
    widths.insert(widths.end(), subject.hidden.begin(), subject.hidden.end());
    widths.push_back(subject.outputs);
    const ModelOptions options = subject.options();
    const test::ReferenceNetwork oracle{
        widths,
        options.activation,
        subject.likelihood,
        subject.intercept,
        subject.layer_norm,
        subject.residual,
        [this](std::size_t sample, std::size_t layer, std::size_t unit) { return mask(sample, layer, unit); },
        subject.embedding,
        {subject.vocabulary.begin(), subject.vocabulary.end()}};
    return oracle.value_and_gradient({theta.begin(), theta.end()}, matrix(features, subject.inputs),
                                     matrix(targets, subject.target_columns()));
  }

  static test::Matrix matrix(const AlignedVector<Real>& values, std::size_t columns) {
    test::Matrix result;
    for (std::size_t first = 0; first < values.size(); first += columns) {
      result.emplace_back(values.data() + first, values.data() + first + columns);
    }
    return result;
  }

  Problem subject;
  Network<Real> network;
  AlignedVector<Real> theta;
  AlignedVector<Real> features;
  AlignedVector<Real> targets;
  AlignedVector<Real> gradient;
  std::vector<std::uint32_t> rows;  ///< of the samples
};

/// With layer normalisation, shortcuts and dropout, alone and together.
std::vector<Problem> deep_problems() {
  std::vector<Problem> all;
  for (const bool layer_norm : {false, true}) {
    for (const bool residual : {false, true}) {
      for (const double dropout : {0.0, 0.4}) {
        for (const std::string activation : {"tanh", "gelu"}) {
          // No width twice in vain: a shortcut from the features there is not, from wider layers neither.
          all.push_back({6, {6, 6, 9, 9, 9}, 3, activation, "categorical", true, 21, layer_norm, residual, dropout});
          all.push_back({5, {7, 7}, 2, activation, "gaussian", false, 17, layer_norm, residual, dropout});
        }
      }
    }
  }
  all.push_back({5, {7, 7, 8}, 3, "", "categorical", true, 21, false, false, 0, {"tanh", "gelu", "identity"}});
  all.push_back({5, {7, 7, 8}, 3, "", "categorical", true, 21, true, true, 0.3, {"softplus", "sigmoid", "gelu"}});
  // A sequence of tokens, some of which are missing and many occur twice; columns of tokens and numbers; no layer
  // between the vectors and the output; a shortcut around the first layer.
  all.push_back({5, {7}, 3, "tanh", "categorical", true, 21, false, false, 0, {}, 4, {9}});
  all.push_back({4, {7}, 3, "tanh", "categorical", true, 21, false, false, 0, {}, 3, {5, 0, 2, 9}});
  all.push_back({3, {}, 2, "tanh", "gaussian", true, 17, false, false, 0, {}, 2, {6}});
  all.push_back({4, {12}, 3, "gelu", "categorical", true, 21, true, true, 0.2, {}, 3, {9}});
  return all;
}

std::vector<Problem> problems() {
  std::vector<Problem> all;
  for (const std::string likelihood : {"categorical", "gaussian"}) {
    for (const bool intercept : {true, false}) {
      for (const std::string activation : {"identity", "relu", "tanh", "sigmoid", "softplus", "gelu"}) {
        all.push_back({5, {}, 3, activation, likelihood, intercept, 21});
        all.push_back({5, {7}, 3, activation, likelihood, intercept, 21});
        all.push_back({9, {17, 4, 6}, 2, activation, likelihood, intercept, 33});
        all.push_back({3, {8}, 5, activation, likelihood, intercept, 1});
      }
    }
  }
  all.push_back({1, {1, 1}, 1, "tanh", "gaussian", true, 2});
  all.push_back({64, {40}, 10, "relu", "categorical", true, 100});
  for (const Problem& deep : deep_problems()) all.push_back(deep);
  return all;
}

/// One rounding a term: a number passes through sums over each layer's units, forward and backward, and over the
/// samples. The terms are of the order of the largest entry; with layer normalisation, of samples whose deviation is an
/// eighth of the others' (one sparse sample is all zeros), eight times that.
template <typename Real>
void expect_close(double nll, const AlignedVector<Real>& gradient, const test::ReferenceNetwork::Result& expected,
                  const Problem& problem) {
  ASSERT_EQ(gradient.size(), expected.gradient.size());
  std::size_t terms = problem.inputs + problem.outputs + problem.samples;
  for (const auto width : problem.hidden) terms += 2 * width;
  terms *= problem.layer_norm ? 8 : 1;
  const double relative = static_cast<double>(terms) * std::numeric_limits<Real>::epsilon();
  long double largest = 0;
  for (const long double value : expected.gradient) largest = std::max(largest, std::abs(value));
  EXPECT_NEAR(nll, rounded(expected.nll), relative * rounded(expected.nll));
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    ASSERT_NEAR(gradient[i], rounded(expected.gradient[i]), relative * rounded(largest)) << "element " << i;
  }
}

template <typename Real>
class NetworkTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { linear_algebra::prepare_products(); }
};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(NetworkTest, Reals);

TYPED_TEST(NetworkTest, MatchesTheReference) {
  for (const Problem& problem : problems()) {
    SCOPED_TRACE(testing::PrintToString(problem));
    Trial<TypeParam> trial(problem);
    const double nll = trial.value_and_gradient();
    expect_close(nll, trial.gradient, trial.reference(), problem);
  }
}

/// What the reference finds for a dense copy, so that either way of storing features gives the other's result within
/// twice that rounding.
TYPED_TEST(NetworkTest, TakesSparseFeatures) {
  for (const Problem& problem : problems()) {
    if (problem.embedding > 0) continue;  // tokens are dense
    SCOPED_TRACE(testing::PrintToString(problem));
    Trial<TypeParam> trial(problem);
    const auto sparse = trial.thin();
    Batch<TypeParam> batch = trial.batch();
    batch.features = sparse.view();
    const RandomKeys keys = trial.keys();
    auto workspace = trial.network.workspace(problem.samples);
    std::ranges::fill(trial.gradient, TypeParam{1});  // overwritten
    const double nll =
        trial.network.value_and_gradient(trial.theta, batch, {trial.gradient, Write::overwrite}, workspace, &keys);
    auto expected = trial.reference();
    for (const Tensor& tensor : trial.network.layout().tensors()) {  // but not its padding
      const std::size_t end = tensor.offset + tensor.size;
      std::fill(trial.gradient.begin() + static_cast<std::ptrdiff_t>(end),
                trial.gradient.begin() + static_cast<std::ptrdiff_t>(linear_algebra::padded(end)), TypeParam{0});
    }
    expect_close(nll, trial.gradient, expected, problem);
    trial.network.value_and_gradient(trial.theta, batch, {trial.gradient, Write::add}, workspace, &keys);
    for (long double& value : expected.gradient) value *= 2;
    expect_close(nll, trial.gradient, expected, problem);
    const Tensor& weights = trial.network.layout()[0];
    for (std::size_t k = 0; k < weights.shape[1] && problem.inputs > 1; ++k) {
      EXPECT_EQ(trial.gradient[weights.offset + weights.shape[1] + k], 0) << "column 1 has no elements";
    }
  }
}

TEST(Network, KnowsWhatIsNoToken) {
  const Trial<float> sequence({5, {7}, 3, "tanh", "categorical", true, 21, false, false, 0, {}, 4, {9}});
  const auto fault = [](const Trial<float>& trial, std::vector<float> sample) {
    return trial.network.feature_fault(sample);
  };
  EXPECT_EQ(fault(sequence, {0, 1, 2, 3, 8}), "");
  EXPECT_EQ(fault(sequence, {0, 1, 9, 3, 8}), "column 2 holds 9, which is no token 0, 1, ..., 8 (model.vocabulary)");
  EXPECT_EQ(fault(sequence, {0, 1, 2, 3, 0.5F}),
            "column 4 holds 0.5, which is no token 0, 1, ..., 8 (model.vocabulary)");
  EXPECT_NE(fault(sequence, {-1, 1, 2, 3, 0}), "");
  EXPECT_NE(fault(sequence, {std::numeric_limits<float>::quiet_NaN(), 1, 2, 3, 0}), "");
  const Trial<float> mixed({4, {7}, 3, "tanh", "categorical", true, 21, false, false, 0, {}, 3, {5, 0, 2, 9}});
  EXPECT_EQ(fault(mixed, {4, -7.5F, 1, 8}), "");
  EXPECT_NE(fault(mixed, {5, -7.5F, 1, 8}), "");
  EXPECT_NE(fault(mixed, {4, -7.5F, 2, 8}), "");
  EXPECT_EQ(mixed.network.layout()[0].path(), "embedding/table_0");
  EXPECT_EQ(mixed.network.layout()[1].path(), "embedding/table_2");
  EXPECT_EQ(sequence.network.layout()[0].shape, (std::vector<std::size_t>{9, 4}));
}

TEST(Network, GradientMatchesCentralDifferencesAlongRandomDirections) {
  constexpr double h = 1e-5;
  for (const Problem& problem : problems()) {
    SCOPED_TRACE(testing::PrintToString(problem));
    Trial<double> trial(problem);
    const double nll = trial.value_and_gradient();
    core::RandomStream random(8, core::Purpose::shuffle, 0, 0);
    for (int direction = 0; direction < 3; ++direction) {
      AlignedVector<double> above = trial.theta;
      AlignedVector<double> below = trial.theta;
      double slope = 0;
      double length = 0;
      for (std::size_t i = 0; i < above.size(); ++i) {
        const double step = 2 * random.uniform() - 1;
        above[i] += h * step;
        below[i] -= h * step;
        slope += trial.gradient[i] * step;
        length += step * step;
      }
      // h²/6 times a third derivative, which grows with the length of the direction cubed and the samples; and the
      // rounding of two sums over 2h. A relu that switches between the two points would exceed it; none does.
      // Dropout scales the units of each layer up.
      const double scale = std::pow(1 / (1 - problem.dropout), static_cast<double>(problem.hidden.size()));
      const double truncation = h * h / 6 * std::pow(length, 1.5) * static_cast<double>(problem.samples) * scale;
      const double rounding = 64 * std::numeric_limits<double>::epsilon() * nll / h;
      EXPECT_NEAR(slope, (trial.value(above) - trial.value(below)) / (2 * h), truncation + rounding);
    }
  }
}

/// Keeps what it was given.
template <typename Real>
class Recorder : public GradientSink<Real> {
 public:
  void complete(const Tensor& tensor, std::span<const Real> gradient) override {
    paths.push_back(tensor.path());
    tensors.push_back(tensor);
    gradients.emplace_back(gradient.begin(), gradient.end());
  }

  std::vector<std::string> paths;
  std::vector<Tensor> tensors;
  std::vector<std::vector<Real>> gradients;
};

TYPED_TEST(NetworkTest, HandsOutEachTensorOnceLastLayerFirst) {
  for (const std::string activation : {"relu", "gelu"}) {
    Trial<TypeParam> trial({5, {7, 6}, 3, activation, "categorical", true, 21});
    Recorder<TypeParam> sink;
    trial.value_and_gradient(&sink);
    EXPECT_EQ(sink.paths, (std::vector<std::string>{"output/intercepts", "output/weights", "dense_2/intercepts",
                                                    "dense_2/weights", "dense_1/intercepts", "dense_1/weights"}));
    for (std::size_t i = 0; i < sink.tensors.size(); ++i) {
      const Tensor& tensor = sink.tensors[i];
      const auto first = trial.gradient.begin() + static_cast<std::ptrdiff_t>(tensor.offset);
      EXPECT_EQ(sink.gradients[i], std::vector<TypeParam>(first, first + static_cast<std::ptrdiff_t>(tensor.size)))
          << tensor.path() << " was handed out before it was complete";
    }
  }
}

TYPED_TEST(NetworkTest, NamesItsTensors) {
  const Trial<TypeParam> with({5, {7, 6}, 3, "relu", "categorical", true, 1});
  const auto& tensors = with.network.layout().tensors();
  ASSERT_EQ(tensors.size(), 6U);
  EXPECT_EQ(tensors[0].path(), "dense_1/weights");
  EXPECT_EQ(tensors[0].shape, (std::vector<std::size_t>{5, 7}));
  EXPECT_EQ(tensors[3].path(), "dense_2/intercepts");
  EXPECT_EQ(tensors[3].shape, (std::vector<std::size_t>{6}));
  EXPECT_EQ(tensors[4].path(), "output/weights");
  EXPECT_EQ(tensors[4].shape, (std::vector<std::size_t>{6, 3}));
  EXPECT_EQ(with.network.inputs(), 5U);

  const Trial<TypeParam> without({5, {}, 3, "relu", "gaussian", false, 1});
  ASSERT_EQ(without.network.layout().tensors().size(), 1U);
  EXPECT_EQ(without.network.layout()[0].path(), "output/weights");
  EXPECT_EQ(without.network.layout().parameter_count(), 15U);
}

TYPED_TEST(NetworkTest, MicrobatchesAddUpToTheBatch) {
  Trial<TypeParam> trial({5, {7, 6}, 3, "gelu", "categorical", true, 40});
  const double whole = trial.value_and_gradient();
  AlignedVector<TypeParam> summed(trial.gradient.size(), std::numeric_limits<TypeParam>::quiet_NaN());
  auto workspace = trial.network.workspace(16);
  Recorder<TypeParam> sink;
  double nll = 0;
  for (const std::size_t first : {0U, 16U, 32U}) {
    const bool last = first == 32;
    const auto part = trial.batch().middle_rows(first, last ? 8 : 16);
    nll += trial.network.value_and_gradient(
        trial.theta, part, {summed, first == 0 ? Write::overwrite : Write::add, last ? &sink : nullptr}, workspace);
  }
  // Another order of 40 terms, each of the order of the largest entry or less.
  const TypeParam largest = std::abs(
      *std::ranges::max_element(trial.gradient, [](TypeParam a, TypeParam b) { return std::abs(a) < std::abs(b); }));
  const TypeParam tolerance = 40 * std::numeric_limits<TypeParam>::epsilon() * largest;
  EXPECT_NEAR(nll, whole, 40 * std::numeric_limits<TypeParam>::epsilon() * whole);
  for (const Tensor& tensor : trial.network.layout().tensors()) {
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
      EXPECT_NEAR(summed[i], trial.gradient[i], tolerance) << i;
    }
  }
  ASSERT_EQ(sink.paths.size(), 6U);
  EXPECT_TRUE(std::ranges::equal(
      sink.gradients[0], std::span<const TypeParam>(summed).subspan(sink.tensors[0].offset, sink.tensors[0].size)))
      << "the sink sees the sum over the microbatches";
}

TYPED_TEST(NetworkTest, OverwritesWhatTheGradientHeldButNotThePadding) {
  for (const bool intercept : {true, false}) {
    Trial<TypeParam> trial({5, {7, 6}, 3, "tanh", "categorical", intercept, 21});
    trial.value_and_gradient();
    AlignedVector<TypeParam> gradient(trial.gradient.size(), TypeParam{42});
    auto workspace = trial.network.workspace(21);
    trial.network.value_and_gradient(trial.theta, trial.batch(), {gradient, Write::overwrite}, workspace);
    AlignedVector<TypeParam> expected(gradient.size(), TypeParam{42});
    for (const Tensor& tensor : trial.network.layout().tensors()) {
      std::copy_n(trial.gradient.data() + tensor.offset, tensor.size, expected.data() + tensor.offset);
    }
    EXPECT_EQ(gradient, expected);
  }
}

template <typename Real>
void fill_workspace(Workspace<Real>& workspace, Real value) {
  for (auto& buffer : workspace.outputs) std::ranges::fill(buffer, value);
  for (auto& buffer : workspace.kept) std::ranges::fill(buffer, value);
  for (auto& buffer : workspace.derivatives) std::ranges::fill(buffer, value);
}

TYPED_TEST(NetworkTest, BitsDoNotDependOnTheWorkspace) {
  for (const std::string activation : {"tanh", "softplus", "gelu"}) {
    Trial<TypeParam> trial({5, {7, 6}, 3, activation, "categorical", true, 21});
    const double nll = trial.value_and_gradient();
    auto larger = trial.network.workspace(100);
    fill_workspace(larger, std::numeric_limits<TypeParam>::quiet_NaN());
    for (int pass = 0; pass < 2; ++pass) {
      AlignedVector<TypeParam> gradient(trial.gradient.size());
      EXPECT_EQ(trial.network.value_and_gradient(trial.theta, trial.batch(), {gradient, Write::overwrite}, larger),
                nll);
      EXPECT_EQ(gradient, trial.gradient) << activation << " pass " << pass;
    }
  }
}

TYPED_TEST(NetworkTest, LeavesRowsBeyondTheBatchAlone) {
  for (const std::string activation : {"relu", "gelu"}) {
    Trial<TypeParam> trial({5, {7, 6}, 3, activation, "categorical", true, 5});
    auto workspace = trial.network.workspace(30);
    fill_workspace(workspace, TypeParam{42});
    trial.network.value_and_gradient(trial.theta, trial.batch(), {trial.gradient, Write::add}, workspace);
    const auto untouched_after = [](const AlignedVector<TypeParam>& buffer, std::size_t elements) {
      return std::all_of(buffer.begin() + static_cast<std::ptrdiff_t>(elements), buffer.end(),
                         [](TypeParam value) { return value == 42; });
    };
    const std::vector<std::size_t> widths = {7, 6, 3};
    for (std::size_t layer = 0; layer < widths.size(); ++layer) {
      EXPECT_TRUE(untouched_after(workspace.outputs[layer], 5 * widths[layer]));
      const std::size_t kept = workspace.kept[layer].empty() ? 0 : 5 * widths[layer];
      EXPECT_TRUE(untouched_after(workspace.kept[layer], kept));
    }
    for (const auto& buffer : workspace.derivatives) {
      EXPECT_TRUE(untouched_after(buffer, std::size_t{5 * 7}));
    }
  }
}

TYPED_TEST(NetworkTest, ForwardTakesFewerSamplesThanTheWorkspaceHolds) {
  Trial<TypeParam> trial({5, {7}, 3, "relu", "gaussian", true, 21});
  auto workspace = trial.network.workspace(21);
  const auto all = trial.network.forward(trial.theta, trial.batch().features, workspace);
  const std::vector<TypeParam> kept(all.data, all.data + all.size());
  for (const std::size_t samples : {std::size_t{1}, std::size_t{16}}) {
    const auto some = trial.network.forward(trial.theta, trial.batch().features.middle_rows(0, samples), workspace);
    ASSERT_EQ(some.rows, samples);
    ASSERT_EQ(some.columns, 3U);
    for (std::size_t i = 0; i < some.size(); ++i) {
      // Sums of 8 terms of at most 8; the product may take another order for another number of rows.
      EXPECT_NEAR(some.data[i], kept[i], 64 * std::numeric_limits<TypeParam>::epsilon());
    }
  }
}

TYPED_TEST(NetworkTest, RefusesBatchesThatDoNotFit) {
  Trial<TypeParam> trial({5, {7}, 3, "relu", "gaussian", true, 21});
  auto workspace = trial.network.workspace(20);
  const auto features = trial.batch().features;
  EXPECT_THROW(trial.network.forward(trial.theta, features, workspace), std::invalid_argument);
  EXPECT_THROW(trial.network.forward(trial.theta, features.middle_rows(0, 0), workspace), std::invalid_argument);
  EXPECT_THROW(trial.network.forward(trial.theta, {features.dense.data, 5, 4}, workspace), std::invalid_argument);
  EXPECT_NO_THROW(trial.network.forward(trial.theta, features.middle_rows(0, 20), workspace));
}

TYPED_TEST(NetworkTest, KnowsTheSizeOfAWorkspace) {
  for (const Problem& problem : problems()) {
    const Trial<TypeParam> trial(problem);
    const auto workspace = trial.network.workspace(11);
    std::size_t elements = 0;
    for (const auto& buffer : workspace.derivatives) elements += buffer.size();
    for (const auto& buffer : workspace.outputs) elements += buffer.size();
    for (const auto& buffer : workspace.kept) elements += buffer.size();
    EXPECT_EQ(trial.network.workspace_bytes(11), elements * sizeof(TypeParam)) << testing::PrintToString(problem);
  }
}

Network<float> rounding_network(const Problem& problem) {
  return {problem.options(), problem.inputs,
          make_likelihood<float>(problem.likelihood, problem.outputs, problem.target_columns()),
          linear_algebra::Operands::rounded_to_bf16};
}

TEST(RoundingNetworkTest, KnowsTheSizeOfAWorkspace) {
  linear_algebra::prepare_products();
  const Problem problem{5, {7, 6}, 3, "relu", "categorical", true, 11};
  const auto network = rounding_network(problem);
  const std::size_t as_floats = Trial<float>(problem).network.workspace_bytes(11);
  const std::size_t inputs = 5 + 7 + 6;
  const std::size_t of_products = linear_algebra::have_bf16_instructions() ? 0 : sizeof(float) * (11 * 7 + 11 * 7);
  EXPECT_EQ(network.workspace_bytes(11), as_floats + sizeof(linear_algebra::Bf16) * 11 * (inputs + 7) + of_products);
}

/// To the last bit; and the numbers are those of rounded operands.
TEST(RoundingNetworkTest, TakesParametersThatWereRoundedBefore) {
  linear_algebra::prepare_products();
  for (const Problem& problem : problems()) {
    Trial<float> trial(problem);
    const auto network = rounding_network(problem);
    AlignedVector<linear_algebra::Bf16> rounded(trial.theta.size());
    linear_algebra::round_to_bf16(trial.theta, std::span(rounded));
    const auto gradient_at = [&](const Parameters<float>& parameters) {
      AlignedVector<float> gradient(trial.theta.size(), 0.0F);
      auto workspace = network.workspace(problem.samples);
      const RandomKeys keys = trial.keys();
      network.value_and_gradient(parameters, trial.batch(), {gradient, Write::overwrite}, workspace, &keys);
      return gradient;
    };
    const auto gradient = gradient_at(trial.theta);
    EXPECT_EQ(gradient_at({trial.theta, rounded.data()}), gradient) << problem;
    trial.value_and_gradient();
    EXPECT_NE(gradient, trial.gradient) << problem;
    const double difference =
        std::sqrt(std::transform_reduce(gradient.begin(), gradient.end(), trial.gradient.begin(), 0.0, std::plus<>(),
                                        [](double a, double b) { return (a - b) * (a - b); }));
    // Each operand is off by at most 2^-9 of its size, two in each product, and a number passes two products a layer,
    // forward and back: 2^-7 a layer if all signs were one. Sums that cancel have smaller norms than their terms.
    const auto layers = static_cast<double>(problem.hidden.size() + 1);
    EXPECT_LT(difference, std::max(2.0, layers) * 0x1p-6 * linear_algebra::norm<float>(trial.gradient)) << problem;
  }
}

double mean_square(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return sum / static_cast<double>(values.size());
}

std::span<const double> part(const AlignedVector<double>& vector, const Tensor& tensor) {
  return std::span(vector).subspan(tensor.offset, tensor.size);
}

TEST(NetworkInitialization, HasTheVarianceOfHeAndGlorotAndNoIntercepts) {
  for (const std::string activation : {"identity", "relu", "tanh", "sigmoid", "softplus", "gelu"}) {
    Trial<double> trial({200, {300}, 100, activation, "gaussian", true, 1});
    AlignedVector<double> theta(trial.theta.size(), -1);
    trial.network.initialize(theta, 3);
    const ParameterLayout& layout = trial.network.layout();
    const bool he = activation == "relu" || activation == "softplus" || activation == "gelu";
    // The mean of n squares of uniform numbers has the relative standard deviation 0.9/√n; five of them.
    const double dense = he ? 2.0 / 200 : 2.0 / (200 + 300);
    EXPECT_NEAR(mean_square(part(theta, layout[0])) / dense, 1, 5 * 0.9 / std::sqrt(200.0 * 300)) << activation;
    const double output = 2.0 / (300 + 100);
    EXPECT_NEAR(mean_square(part(theta, layout[2])) / output, 1, 5 * 0.9 / std::sqrt(300.0 * 100)) << activation;
    EXPECT_LE(std::ranges::max(part(theta, layout[0])), std::sqrt(3 * dense));
    EXPECT_GE(std::ranges::min(part(theta, layout[0])), -std::sqrt(3 * dense));
    EXPECT_EQ(mean_square(part(theta, layout[1])), 0);
    EXPECT_EQ(mean_square(part(theta, layout[3])), 0);
  }
}

TEST(NetworkInitialization, StartsFromOutputsIfToldTo) {
  Trial<double> trial({4, {5}, 3, "tanh", "gaussian", true, 7});
  AlignedVector<double> before(trial.theta.size());
  trial.network.initialize(before, 3);
  AlignedVector<double> theta = before;
  const std::vector<double> start{0.5, -2, 7};
  trial.network.start_from_outputs(start, theta);
  auto workspace = trial.network.workspace(7);
  const auto outputs = trial.network.forward(theta, trial.batch().features, workspace);
  for (std::size_t i = 0; i < outputs.rows; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_EQ(outputs(i, k), start[k]);
    }
  }
  const ParameterLayout& layout = trial.network.layout();
  EXPECT_TRUE(std::ranges::equal(part(theta, layout[0]), part(before, layout[0])));

  Trial<double> without({4, {}, 2, "tanh", "gaussian", false, 7});
  without.network.start_from_outputs(start, without.theta);
  EXPECT_EQ(std::ranges::count(without.theta, 0.0), static_cast<std::ptrdiff_t>(without.theta.size()));
}

TEST(NetworkInitialization, DependsOnSeedTensorAndElementAlone) {
  Trial<double> narrow({20, {30}, 4, "relu", "gaussian", true, 1});
  Trial<double> wide({20, {50, 5}, 4, "relu", "gaussian", true, 1});
  narrow.network.initialize(narrow.theta, 3);
  wide.network.initialize(wide.theta, 3);
  EXPECT_TRUE(std::equal(narrow.theta.begin(), narrow.theta.begin() + 20 * 30, wide.theta.begin()));

  AlignedVector<double> other(narrow.theta.size());
  narrow.network.initialize(other, 4);
  EXPECT_NE(other[0], narrow.theta[0]);
  const std::size_t output = narrow.network.layout()[2].offset;
  // The same numbers under two bounds would have this ratio.
  EXPECT_GT(std::abs(narrow.theta[output] / narrow.theta[0] - std::sqrt((6.0 / 34) / (6.0 / 20))), 1e-9);
}

TEST(NetworkInitialization, IsTheSameInFloatAndZeroBetweenTensors) {
  const Problem problem{5, {7, 6}, 3, "gelu", "categorical", true, 1};
  Trial<double> precise(problem);
  Trial<float> coarse(problem);
  std::ranges::fill(precise.theta, -1);
  precise.network.initialize(precise.theta, 11);
  coarse.network.initialize(coarse.theta, 11);
  ASSERT_EQ(precise.theta.size(), coarse.theta.size());
  std::vector<bool> inside(precise.theta.size(), false);
  for (const Tensor& tensor : precise.network.layout().tensors()) {
    std::fill_n(inside.begin() + static_cast<std::ptrdiff_t>(tensor.offset), tensor.size, true);
  }
  for (std::size_t i = 0; i < precise.theta.size(); ++i) {
    EXPECT_EQ(coarse.theta[i], static_cast<float>(precise.theta[i]));
    if (!inside[i]) {
      EXPECT_EQ(precise.theta[i], 0) << i;
    }
  }
}

TYPED_TEST(NetworkTest, DoesNotHideNan) {
  for (const std::string activation : {"identity", "relu", "tanh", "sigmoid", "softplus", "gelu"}) {
    Trial<TypeParam> trial({5, {7, 6}, 3, activation, "categorical", true, 5});
    trial.theta[3] = std::numeric_limits<TypeParam>::quiet_NaN();
    EXPECT_TRUE(std::isnan(trial.value_and_gradient())) << activation;
  }
}

}  // namespace
}  // namespace cauchy::model

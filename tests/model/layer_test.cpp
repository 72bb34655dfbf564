// Each part of a hidden layer alone: central differences, and what it is by its formula.

#include "cauchy/model/layer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "cauchy/core/random.hpp"
#include "hidden_parts.hpp"

namespace cauchy::model {
namespace {

using linear_algebra::AlignedVector;
using linear_algebra::Write;

/// One part of a hidden layer with numbers to run it on, and Σ w·y over its outputs with random weights w.
template <typename Real>
class Trial {
 public:
  Trial(const ModelOptions& options, MakePart<Real> make, std::size_t samples)
      : width_(options.layers.back()),
        samples_(samples),
        layer_(make({layout_, options, options.layers.size(), width_, false, width_})),
        theta(layout_.padded_size()),
        input(samples * width_),
        shortcut(samples * width_),
        weights_(samples * width_),
        output_(samples * width_),
        kept_(samples * layer_->kept_columns()),
        rows_(samples) {
    core::RandomStream random(3, core::Purpose::shuffle, 0, 0);
    for (auto* values : {&theta, &input, &shortcut, &weights_}) {
      std::ranges::generate(*values, [&] { return static_cast<Real>(2 * random.uniform() - 1); });
    }
    std::iota(rows_.begin(), rows_.end(), 0U);
  }

  /// Σ w·y.
  Real value() {
    layer_->forward(theta, pass({}, {}), products_);
    return std::inner_product(output_.begin(), output_.end(), weights_.begin(), Real{0});
  }

  struct Gradient {
    AlignedVector<Real> theta;
    AlignedVector<Real> input;
    AlignedVector<Real> d_output;  ///< as backward leaves it
  };
  Gradient gradient() {
    value();
    Gradient result{AlignedVector<Real>(theta.size(), std::numeric_limits<Real>::quiet_NaN()),
                    AlignedVector<Real>(input.size(), std::numeric_limits<Real>::quiet_NaN()), weights_};
    layer_->backward(theta, pass(result.d_output, result.input), {result.theta, Write::overwrite}, products_);
    return result;
  }

  const ParameterLayout& layout() const { return layout_; }
  const AlignedVector<Real>& output() const { return output_; }
  const Layer<Real>& layer() const { return *layer_; }
  void set_keys(std::uint64_t seed, std::uint64_t epoch, std::uint64_t first_row) {
    keys_ = {seed, epoch, first_row, rows_};
    has_keys_ = true;
  }

 private:
  LayerPass<Real> pass(std::span<Real> d_output, std::span<Real> d_input) {
    LayerPass<Real> views;
    views.input = {input.data(), samples_, width_};
    views.output = {output_.data(), samples_, width_};
    views.kept = {kept_.data(), samples_, layer_->kept_columns()};
    views.d_output = {d_output.data(), samples_, width_};
    views.d_input = {d_input.data(), samples_, width_};
    views.shortcut = {shortcut.data(), samples_, width_};
    views.keys = has_keys_ ? &keys_ : nullptr;
    return views;
  }

  ParameterLayout layout_;
  std::size_t width_;
  std::size_t samples_;
  std::unique_ptr<Layer<Real>> layer_;

 public:
  AlignedVector<Real> theta;
  AlignedVector<Real> input;
  AlignedVector<Real> shortcut;

 private:
  AlignedVector<Real> weights_;
  AlignedVector<Real> output_;
  AlignedVector<Real> kept_;
  std::vector<std::uint32_t> rows_;
  RandomKeys keys_;
  bool has_keys_ = false;
  linear_algebra::Products<Real> products_;
};

ModelOptions options_of(std::size_t width, const std::string& activation = "relu") {
  ModelOptions options;
  options.layers = {width, width};
  options.activation = {activation};
  options.layer_norm = true;
  options.residual = true;
  options.dropout = 0.25;
  return options;
}

/// Each entry of the gradient against differences of the value.
void expect_derivative(const std::function<double()>& value, std::span<double> at, std::span<const double> gradient) {
  constexpr double h = 1e-5;
  const double scale = std::abs(value()) + 1;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const double middle = at[i];
    at[i] = middle + h;
    const double above = value();
    at[i] = middle - h;
    const double below = value();
    at[i] = middle;
    // h²/6 times a third derivative, of at most 1e3 for layer normalisation of few units; rounding of a sum over 2h.
    const double tolerance = h * h / 6 * 1e3 + 64 * std::numeric_limits<double>::epsilon() * scale / h;
    EXPECT_NEAR(gradient[i], (above - below) / (2 * h), tolerance) << "element " << i;
  }
}

std::vector<MakePart<double>> all_parts() {
  return {hidden_parts<double>.begin(), hidden_parts<double>.end()};
}

TEST(HiddenParts, DerivativesMatchCentralDifferences) {
  linear_algebra::prepare_products();
  for (std::size_t number = 0; number < all_parts().size(); ++number) {
    for (const std::string activation : {"identity", "relu", "tanh", "sigmoid", "softplus", "gelu"}) {
      for (const std::size_t width : {2U, 7U, 16U, 70U}) {
        SCOPED_TRACE(std::to_string(number) + " " + activation + " " + std::to_string(width));
        const ModelOptions options = options_of(width, activation);
        Trial<double> trial(options, all_parts()[number], 3);
        trial.set_keys(1, 2, 3);
        const auto gradient = trial.gradient();
        for (const Tensor& tensor : trial.layout().tensors()) {
          expect_derivative([&] { return trial.value(); }, std::span(trial.theta).subspan(tensor.offset, tensor.size),
                            std::span(gradient.theta).subspan(tensor.offset, tensor.size));
        }
        expect_derivative([&] { return trial.value(); }, trial.input, gradient.input);
        if (trial.layer().adds_shortcut()) {
          expect_derivative([&] { return trial.value(); }, trial.shortcut, gradient.d_output);
        }
      }
    }
  }
}

template <typename Real>
class LayerNormTest : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(LayerNormTest, Reals);

TYPED_TEST(LayerNormTest, HasMeanZeroAndVarianceOneAroundALargeMean) {
  constexpr std::size_t width = 100;
  const ModelOptions options = options_of(width, "identity");
  Trial<TypeParam> trial(options, hidden_layer_norm<TypeParam>, 5);
  trial.layer().initialize(trial.theta, 1);
  // Halves of small whole numbers, which stay exact beside a mean of 2^16 in float too.
  for (std::size_t i = 0; i < trial.input.size(); ++i) {
    trial.input[i] = static_cast<TypeParam>(65536 + static_cast<double>(i * i % 37) / 2);
  }
  trial.value();
  for (std::size_t row = 0; row < 5; ++row) {
    const auto values = std::span(trial.output()).subspan(row * width, width);
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / width;
    const double square = std::inner_product(values.begin(), values.end(), values.begin(), 0.0) / width;
    // The mean of 100 numbers near 2^16 is known to some units in their last place, 2^(16 - digits), against a standard
    // deviation of about 5; ε = 1e-5 of a variance of about 25 is less.
    const double tolerance = 65536 * 8 * std::numeric_limits<TypeParam>::epsilon() / 5 + 1e-6;
    EXPECT_NEAR(mean, 0, tolerance);
    EXPECT_NEAR(square, 1, tolerance * 2);
  }
}

TYPED_TEST(LayerNormTest, DoesNotDivideByZero) {
  const ModelOptions options = options_of(7, "identity");
  Trial<TypeParam> trial(options, hidden_layer_norm<TypeParam>, 2);
  trial.layer().initialize(trial.theta, 1);
  std::ranges::fill(trial.input, TypeParam{3});
  const auto gradient = trial.gradient();
  for (const TypeParam value : trial.output()) EXPECT_EQ(value, 0);
  for (const TypeParam value : gradient.input) EXPECT_TRUE(std::isfinite(value));
}

/// 0 or the factor of each unit.
std::vector<float> mask(double rate, std::size_t width, std::size_t samples, std::uint64_t seed, std::uint64_t epoch,
                        std::uint64_t first_row, std::size_t hidden_layer = 2) {
  ModelOptions options = options_of(width);
  options.layers.resize(hidden_layer, width);
  options.dropout = rate;
  Trial<float> trial(options, hidden_dropout<float>, samples);
  std::ranges::fill(trial.input, 1.0F);
  trial.set_keys(seed, epoch, first_row);
  trial.value();
  return {trial.output().begin(), trial.output().end()};
}

TEST(Dropout, LeavesOutTheShareThatItShallAndKeepsTheMean) {
  for (const double rate : {0.1, 0.5, 0.9}) {
    const auto factors = mask(rate, 1000, 200, 1, 0, 0);
    const auto units = static_cast<double>(factors.size());
    const auto dropped = static_cast<double>(std::ranges::count(factors, 0.0F));
    // Five standard deviations of a binomial share.
    EXPECT_NEAR(dropped / units, rate, 5 * std::sqrt(rate * (1 - rate) / units));
    const auto kept = static_cast<float>(1 / (1 - std::round(rate * 0x1p16) * 0x1p-16));
    EXPECT_EQ(static_cast<double>(std::ranges::count(factors, kept)), units - dropped) << "two values, nothing else";
    // Neighbours, in the row and in the column, know nothing of each other.
    for (const std::size_t distance :
         {std::size_t{1}, std::size_t{4}, std::size_t{64}, std::size_t{128}, std::size_t{1000}}) {
      double both = 0;
      for (std::size_t i = distance; i < factors.size(); ++i) {
        both += factors[i] == 0 && factors[i - distance] == 0 ? 1 : 0;
      }
      const double share = both / (units - static_cast<double>(distance));
      EXPECT_NEAR(share, rate * rate, 8 * std::sqrt(rate * rate / units)) << "distance " << distance;
    }
  }
}

/// 16 blocks serve 128 units: the lower halves of the first words of all, of the second ones, ..., then the upper ones.
TEST(Dropout, TakesSixteenBitsOfPhiloxForAUnit) {
  const std::uint64_t first_row = (std::uint64_t{5} << 32) + 100;
  const auto factors = mask(0.5, 300, 3, 7, 2, first_row);
  core::RandomStream stream(7, core::Purpose::dropout, 2, 2);
  const core::PhiloxKey key{stream.next32(), stream.next32()};
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const std::size_t unit = i % 300;
    const std::size_t word = unit % 64;
    const auto block = static_cast<std::uint32_t>(unit / 128 * 16 + word % 16);
    const auto sample = static_cast<std::uint32_t>(100 + i / 300);
    const std::uint32_t bits = core::philox4x32({block, 0, sample, 5}, key).at(word / 16);
    EXPECT_EQ(factors[i], (unit % 128 < 64 ? bits & 0xffff : bits >> 16) < 0x8000 ? 0 : 2) << unit;
  }
}

TEST(Dropout, MasksAreAFunctionOfSeedEpochSampleLayerAndUnit) {
  const auto reference = mask(0.5, 300, 20, 1, 2, 100);
  EXPECT_EQ(mask(0.5, 300, 20, 1, 2, 100), reference);
  EXPECT_NE(mask(0.5, 300, 20, 2, 2, 100), reference);
  EXPECT_NE(mask(0.5, 300, 20, std::uint64_t{1} << 32 | 1, 2, 100), reference);
  EXPECT_NE(mask(0.5, 300, 20, 1, 3, 100), reference);
  EXPECT_NE(mask(0.5, 300, 20, 1, 2, 100, 3), reference);
  EXPECT_NE(mask(0.5, 300, 20, 1, 2, (std::uint64_t{1} << 32) + 100), reference);
  // Other samples at once, the same sample: rows 110 and following.
  const auto later = mask(0.5, 300, 10, 1, 2, 110);
  EXPECT_TRUE(std::equal(later.begin(), later.end(), reference.begin() + 10 * 300));
  // A wider layer has the same first units.
  const auto wider = mask(0.5, 301, 20, 1, 2, 100);
  EXPECT_TRUE(std::equal(wider.begin(), wider.begin() + 300, reference.begin()));
}

TEST(Dropout, HandsOnWhatItGetsWithoutKeys) {
  Trial<float> trial(options_of(9), hidden_dropout<float>, 4);
  const auto gradient = trial.gradient();
  EXPECT_EQ(trial.output(), trial.input);
  EXPECT_EQ(gradient.input, gradient.d_output);
}

}  // namespace
}  // namespace cauchy::model

// Likelihoods against long double formulas and central differences, far out, and with bad targets.

#include "cauchy/model/likelihood.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "cauchy/linear_algebra/aligned.hpp"
#include "metrics.hpp"
#include "reference_network.hpp"
#include "reference_values.hpp"

namespace cauchy::model {
namespace {

using linear_algebra::MatrixView;
using test::rounded;

/// A matrix that owns its elements.
template <typename Real>
struct Table {
  std::size_t rows;
  std::size_t columns;
  linear_algebra::AlignedVector<Real> values = linear_algebra::AlignedVector<Real>(rows * columns);

  MatrixView<Real> view() { return {values.data(), rows, columns}; }
  MatrixView<const Real> view() const { return {values.data(), rows, columns}; }
  test::Vector row(std::size_t index) const {
    const Real* const first = values.data() + index * columns;
    return {first, first + columns};
  }
};

/// A smooth mess in [-amplitude, amplitude], without a random generator.
template <typename Real>
Table<Real> wavy(std::size_t rows, std::size_t columns, double amplitude) {
  Table<Real> table{rows, columns};
  for (std::size_t i = 0; i < table.values.size(); ++i) {
    table.values[i] = static_cast<Real>(amplitude * std::sin(1.0 + 2.7 * static_cast<double>(i * i % 1009)));
  }
  return table;
}

template <typename Real>
Table<Real> classes(std::size_t rows, std::size_t count) {
  Table<Real> table{rows, 1};
  for (std::size_t i = 0; i < rows; ++i) {
    table.values[i] = static_cast<Real>(i * 7 % count);
  }
  return table;
}

template <typename Real>
struct Case {
  std::string name;
  std::unique_ptr<Likelihood<Real>> likelihood;
  Table<Real> outputs;
  Table<Real> targets;

  Observations<Real> observed() const { return {targets.view()}; }
};

/// Rows beyond one chunk and rows wider than one block among them.
template <typename Real>
std::vector<Case<Real>> cases() {
  std::vector<Case<Real>> all;
  const auto categorical = [&all](std::size_t rows, std::size_t count) {
    all.push_back(
        {"categorical", make_categorical<Real>(count), wavy<Real>(rows, count, 6), classes<Real>(rows, count)});
  };
  const auto gaussian = [&all](std::size_t rows, std::size_t columns) {
    all.push_back(
        {"gaussian", make_gaussian<Real>(columns), wavy<Real>(rows, columns, 3), wavy<Real>(rows, columns, 5)});
  };
  categorical(1, 2);
  categorical(150, 10);
  categorical(3, 1100);
  gaussian(1, 1);
  gaussian(150, 3);
  return all;
}

template <typename Real>
double nll(const Case<Real>& subject) {
  return subject.likelihood->nll(subject.outputs.view(), subject.observed());
}

template <typename Real>
class LikelihoodTest : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(LikelihoodTest, Reals);

TYPED_TEST(LikelihoodTest, MatchesItsFormula) {
  constexpr double epsilon = std::numeric_limits<TypeParam>::epsilon();
  for (const auto& subject : cases<TypeParam>()) {
    const auto outputs = subject.outputs;
    const auto rows = static_cast<double>(outputs.rows);
    long double expected = 0;
    auto derivative = outputs;
    const double sum = subject.likelihood->nll_and_derivative(outputs.view(), subject.observed(), derivative.view());
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      expected += test::reference_nll(subject.name, outputs.row(i), subject.targets.row(i));
      const test::Vector reference =
          test::reference_nll_derivative(subject.name, outputs.row(i), subject.targets.row(i));
      for (std::size_t k = 0; k < outputs.columns; ++k) {
        // Differences of outputs of up to 12, rounded, are the relative error of an exponential.
        EXPECT_NEAR(derivative.view()(i, k), rounded(reference[k]), 16 * epsilon) << subject.name << " row " << i;
      }
    }
    EXPECT_NEAR(sum, rounded(expected), 16 * epsilon * rows) << subject.name;
    EXPECT_EQ(nll(subject), sum) << subject.name << ": one value, with or without the derivative";
  }
}

TEST(Likelihood, DerivativeMatchesCentralDifferences) {
  constexpr double h = 1e-5;
  for (auto& subject : cases<double>()) {
    auto derivative = subject.outputs;
    const double sum =
        subject.likelihood->nll_and_derivative(subject.outputs.view(), subject.observed(), derivative.view());
    // h²/6·|f'''| with |f'''| ≤ 1, and the rounding of two sums, over 2h.
    const double tolerance = h * h / 6 + 16 * std::numeric_limits<double>::epsilon() * (1 + sum) / h;
    const std::size_t stride = subject.outputs.values.size() / 100 + 1;
    for (std::size_t i = 0; i < subject.outputs.values.size(); i += stride) {
      const double middle = subject.outputs.values[i];
      subject.outputs.values[i] = middle + h;
      const double above = nll(subject);
      subject.outputs.values[i] = middle - h;
      const double below = nll(subject);
      subject.outputs.values[i] = middle;
      EXPECT_NEAR(derivative.values[i], (above - below) / (2 * h), tolerance) << subject.name << " element " << i;
    }
  }
}

TYPED_TEST(LikelihoodTest, DerivativeMayOverwriteTheOutputs) {
  for (auto& subject : cases<TypeParam>()) {
    auto derivative = subject.outputs;
    auto in_place = subject.outputs;
    const double sum =
        subject.likelihood->nll_and_derivative(subject.outputs.view(), subject.observed(), derivative.view());
    EXPECT_EQ(subject.likelihood->nll_and_derivative(in_place.view(), subject.observed(), in_place.view()), sum);
    EXPECT_EQ(in_place.values, derivative.values) << subject.name;
  }
}

TYPED_TEST(LikelihoodTest, DoesNotHideNan) {
  const TypeParam nan = std::numeric_limits<TypeParam>::quiet_NaN();
  for (auto& subject : cases<TypeParam>()) {
    for (const std::size_t place : {std::size_t{0}, std::size_t{1}, subject.outputs.values.size() - 1}) {
      if (place >= subject.outputs.values.size()) continue;
      auto spoilt = subject.outputs;
      spoilt.values[place] = nan;
      EXPECT_TRUE(std::isnan(subject.likelihood->nll(spoilt.view(), subject.observed())));
      EXPECT_TRUE(std::isnan(subject.likelihood->nll_and_derivative(spoilt.view(), subject.observed(), spoilt.view())));
      EXPECT_TRUE(std::isnan(spoilt.values[place])) << subject.name;
    }
  }
}

TYPED_TEST(LikelihoodTest, CategoricalStaysRightFarOut) {
  using Real = TypeParam;
  const auto likelihood = make_categorical<Real>(3);
  const Real largest = std::numeric_limits<Real>::max();
  for (const Real far : {Real(1000), Real(1e30), largest}) {
    Table<Real> outputs{3, 3};
    outputs.values = {far, far, -far, far, far, -far, -far, 0, far};
    Table<Real> targets{3, 1};
    targets.values = {1, 2, 2};
    Table<Real> derivative{3, 3};
    const double first = likelihood->nll(outputs.view().middle_rows(0, 1), {targets.view().middle_rows(0, 1)});
    const double second = likelihood->nll(outputs.view().middle_rows(1, 1), {targets.view().middle_rows(1, 1)});
    const double third = likelihood->nll(outputs.view().middle_rows(2, 1), {targets.view().middle_rows(2, 1)});
    EXPECT_NEAR(first, std::log(2.0), 1e-15) << far;
    EXPECT_DOUBLE_EQ(second, 2 * static_cast<double>(far) + std::log(2.0)) << far;
    EXPECT_NEAR(third, 0, 1e-15) << far;

    likelihood->nll_and_derivative(outputs.view(), {targets.view()}, derivative.view());
    const std::vector<Real> expected = {Real(0.5), Real(-0.5), 0, Real(0.5), Real(0.5), -1, 0, 0, 0};
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(derivative.values[i], expected[i]) << far << " element " << i;
    }
  }
}

TYPED_TEST(LikelihoodTest, CategoricalPredictsProbabilities) {
  const auto likelihood = make_categorical<TypeParam>(10);
  auto outputs = wavy<TypeParam>(100, 10, 6);
  auto prediction = outputs;
  likelihood->predict(outputs.view(), {}, prediction.view());
  for (std::size_t i = 0; i < 100; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < 10; ++k) {
      test::Vector target{static_cast<long double>(k)};
      const long double expected = std::exp(-test::reference_nll("categorical", outputs.row(i), target));
      EXPECT_NEAR(prediction.view()(i, k), rounded(expected), 16 * std::numeric_limits<TypeParam>::epsilon());
      sum += static_cast<double>(prediction.view()(i, k));
    }
    EXPECT_NEAR(sum, 1, 10 * std::numeric_limits<TypeParam>::epsilon());
  }
  likelihood->predict(outputs.view(), {}, outputs.view());
  EXPECT_EQ(outputs.values, prediction.values) << "in place";
}

/// The metrics of a data set that is evaluated at once.
template <typename Real>
std::vector<double> metrics(const Likelihood<Real>& likelihood, MatrixView<const Real> outputs,
                            const Observations<Real>& observed, const TargetSummary& all) {
  std::vector<double> sums(likelihood.metric_sums(), 0.0);
  std::vector<double> counts(likelihood.metric_counts(), 0.0);
  for (std::size_t first = 0; first < outputs.rows; first += 3) {
    const std::size_t count = std::min<std::size_t>(3, outputs.rows - first);
    likelihood.add_metric_sums(outputs.middle_rows(first, count), observed.middle_rows(first, count), all, sums);
    likelihood.add_metric_counts(outputs.middle_rows(first, count), observed.middle_rows(first, count), all, counts);
  }
  return likelihood.metric_values(sums, counts);
}

using Names = std::vector<std::string>;
using Values = std::vector<double>;

TYPED_TEST(LikelihoodTest, CategoricalCountsHitsAndGivesTiesToTheLowestClass) {
  const auto likelihood = make_categorical<TypeParam>(3);
  const TypeParam nan = std::numeric_limits<TypeParam>::quiet_NaN();
  Table<TypeParam> outputs{6, 3};
  outputs.values = {1, 2, 3, 3, 2, 1, 5, 5, 5, 5, 5, 5, 1, 7, 7, nan, 1, 0};
  Table<TypeParam> targets{6, 1};
  targets.values = {2, 1, 0, 1, 1, 1};  // hit, miss, hit, miss, hit, miss
  EXPECT_EQ(metrics<TypeParam>(*likelihood, outputs.view(), {targets.view()}, {}), Values{0.5});
  EXPECT_EQ(likelihood->metrics(), Names{"accuracy"});
  const std::vector<TypeParam> weights{3, 1, 0, 0, 4, 0};
  EXPECT_EQ(metrics<TypeParam>(*likelihood, outputs.view(), {targets.view(), weights}, {}), Values{7.0 / 8});
}

TYPED_TEST(LikelihoodTest, GaussianTellsErrorsAndTheirVariance) {
  const auto likelihood = make_gaussian<TypeParam>(2);
  Table<TypeParam> outputs{2, 2};
  outputs.values = {1, 2, 3, 4};
  Table<TypeParam> targets{2, 2};
  targets.values = {1, 5, -1, 4};
  TargetSummary all;
  all.mean = {0, 4.5};
  all.weight = all.exposure = 2;
  EXPECT_EQ(likelihood->metrics(), (Names{"rmse", "r2", "variance"}));
  EXPECT_EQ(metrics<TypeParam>(*likelihood, outputs.view(), {targets.view()}, all), (Values{2.5, 1 - 25 / 2.5, 6.25}));
  Table<TypeParam> prediction{2, 2};
  likelihood->predict(outputs.view(), {}, prediction.view());
  EXPECT_EQ(prediction.values, outputs.values);
  EXPECT_EQ(likelihood->prediction_names(), (Names{"mean_0", "mean_1"}));
}

TYPED_TEST(LikelihoodTest, AgreesWithExactValues) {
  using Real = TypeParam;
  for (const test::ReferenceValue& value : test::reference_values) {
    const auto likelihood = make_likelihood<Real>(value.likelihood, 0, 1, value.degrees_of_freedom);
    Table<Real> outputs{1, value.outputs.size()};
    std::ranges::transform(value.outputs, outputs.values.begin(), [](double z) { return static_cast<Real>(z); });
    Table<Real> target{1, 1};
    target.values[0] = static_cast<Real>(value.target);
    const std::vector<Real> exposure{static_cast<Real>(value.exposure)};
    const bool is_exact = std::ranges::equal(value.outputs, outputs.values, std::equal_to<>(), std::identity(),
                                             [](Real z) { return static_cast<double>(z); });
    if (!is_exact || static_cast<double>(target.values[0]) != value.target) {
      continue;  // 1e200 in float
    }
    Table<Real> derivative = outputs;
    const double sum = likelihood->nll_and_derivative(outputs.view(), {target.view(), {}, exposure}, derivative.view());
    // As if the outputs, log y or log exposure, of up to 16, or what was given as more, had the rounding of a double.
    double largest = 16;
    double steepest = std::max(value.target, 1.0);
    for (std::size_t k = 0; k < value.outputs.size(); ++k) {
      largest = std::max(largest, std::abs(value.outputs[k]));
      steepest = std::max(steepest, std::abs(value.derivative[k]));
    }
    const double unit = std::numeric_limits<double>::epsilon() * largest;
    const bool is_count = likelihood->uses_exposure();
    std::ostringstream where;
    where << value.likelihood << " y " << value.target << " outputs " << testing::PrintToString(value.outputs);
    double slopes = 0;
    for (const double slope : value.derivative) {
      slopes += std::abs(slope);
    }
    EXPECT_NEAR(sum, value.nll, unit * (1 + std::abs(value.nll) + slopes)) << where.str();
    for (std::size_t k = 0; k < value.outputs.size(); ++k) {
      const double expected = value.derivative[k];
      const double rounding = std::numeric_limits<Real>::epsilon() * std::abs(expected);
      EXPECT_NEAR(static_cast<double>(derivative.values[k]), expected,
                  unit * (is_count ? steepest : std::abs(expected)) + rounding +
                      static_cast<double>(std::numeric_limits<Real>::min()))
          << where.str() << " by output " << k;
    }
    EXPECT_EQ(likelihood->nll(outputs.view(), {target.view(), {}, exposure}), sum) << where.str();
  }
}

/// Targets of every likelihood of independent ones: two columns, 40 rows, with exposures.
template <typename Real>
struct Independents {
  explicit Independents(const std::string& likelihood_name)
      : name(likelihood_name),
        likelihood(make_likelihood<Real>(name, 0, 2, 3.5)),
        outputs(wavy<Real>(rows, likelihood->outputs(), 2)),
        targets{rows, 2} {
    for (std::size_t i = 0; i < targets.values.size(); ++i) {
      const double wave = std::sin(3.0 + 1.7 * static_cast<double>(i));
      targets.values[i] = static_cast<Real>(name == "bernoulli"           ? wave > 0
                                            : likelihood->uses_exposure() ? std::round(10 * wave * wave)
                                                                          : 3 * wave);
    }
    for (std::size_t i = 0; i < rows; ++i) {
      weights.push_back(static_cast<Real>(i % 3) / 2);
      exposure.push_back(static_cast<Real>(1 + i % 4) / 2);
    }
  }

  Observations<Real> observed() const { return {targets.view(), weights, exposure}; }

  static constexpr std::size_t rows = 40;
  std::string name;
  std::unique_ptr<Likelihood<Real>> likelihood;
  Table<Real> outputs;
  Table<Real> targets;
  std::vector<Real> weights;
  std::vector<Real> exposure;
};

std::vector<std::string> independent_names() {
  std::vector<std::string> names = likelihood_names();
  std::erase(names, "categorical");
  return names;
}

TEST(Likelihood, DerivativesOfWeightedSamplesMatchCentralDifferences) {
  constexpr double h = 1e-5;
  for (const std::string& name : independent_names()) {
    Independents<double> subject(name);
    Table<double> derivative = subject.outputs;
    const double sum =
        subject.likelihood->nll_and_derivative(subject.outputs.view(), subject.observed(), derivative.view());
    EXPECT_EQ(subject.likelihood->nll(subject.outputs.view(), subject.observed()), sum);
    // h²/6 times the third derivative, at most that of e^z·exposure with z ≤ 2, or of y²·e^-z; rounding of two sums.
    const double tolerance = h * h / 6 * 200 + 16 * std::numeric_limits<double>::epsilon() * (1 + sum) / h;
    for (std::size_t i = 0; i < subject.outputs.values.size(); ++i) {
      const double middle = subject.outputs.values[i];
      subject.outputs.values[i] = middle + h;
      const double above = subject.likelihood->nll(subject.outputs.view(), subject.observed());
      subject.outputs.values[i] = middle - h;
      const double below = subject.likelihood->nll(subject.outputs.view(), subject.observed());
      subject.outputs.values[i] = middle;
      EXPECT_NEAR(derivative.values[i], (above - below) / (2 * h), tolerance) << name << " element " << i;
    }
  }
}

TYPED_TEST(LikelihoodTest, AWeightIsAFactor) {
  for (const std::string& name : independent_names()) {
    Independents<TypeParam> subject(name);
    double expected = 0;
    Table<TypeParam> derivative = subject.outputs;
    subject.likelihood->nll_and_derivative(subject.outputs.view(), subject.observed(), derivative.view());
    for (std::size_t i = 0; i < subject.rows; ++i) {
      Observations<TypeParam> one = subject.observed().middle_rows(i, 1);
      one.weights = {};
      Table<TypeParam> alone{1, subject.outputs.columns};
      const double nll =
          subject.likelihood->nll_and_derivative(subject.outputs.view().middle_rows(i, 1), one, alone.view());
      expected += static_cast<double>(subject.weights[i]) * nll;
      for (std::size_t k = 0; k < alone.columns; ++k) {
        EXPECT_EQ(derivative.view()(i, k), subject.weights[i] * alone.values[k]) << name;
      }
    }
    EXPECT_EQ(subject.likelihood->nll(subject.outputs.view(), subject.observed()), expected) << name;
  }
}

TYPED_TEST(LikelihoodTest, SamplesOfWeightZeroMayHoldAnything) {
  const TypeParam nan = std::numeric_limits<TypeParam>::quiet_NaN();
  for (const std::string& name : independent_names()) {
    Independents<TypeParam> subject(name);
    const double sum = subject.likelihood->nll(subject.outputs.view(), subject.observed());
    ASSERT_EQ(subject.weights[0], 0);
    subject.outputs.values[0] = nan;
    EXPECT_EQ(subject.likelihood->nll(subject.outputs.view(), subject.observed()), sum) << name;
    subject.outputs.values[subject.outputs.columns] = nan;
    Table<TypeParam> derivative = subject.outputs;
    EXPECT_TRUE(std::isnan(
        subject.likelihood->nll_and_derivative(subject.outputs.view(), subject.observed(), derivative.view())))
        << name;
    EXPECT_EQ(derivative.values[0], 0) << name;
    EXPECT_TRUE(std::isnan(derivative.values[subject.outputs.columns])) << name;
  }
}

TYPED_TEST(LikelihoodTest, DerivativesOfIndependentTargetsMayOverwriteTheOutputs) {
  for (const std::string& name : independent_names()) {
    Independents<TypeParam> subject(name);
    Table<TypeParam> derivative = subject.outputs;
    Table<TypeParam> in_place = subject.outputs;
    subject.likelihood->nll_and_derivative(subject.outputs.view(), subject.observed(), derivative.view());
    subject.likelihood->nll_and_derivative(in_place.view(), subject.observed(), in_place.view());
    EXPECT_EQ(in_place.values, derivative.values) << name;
    Table<TypeParam> prediction = subject.outputs;
    subject.likelihood->predict(subject.outputs.view(), subject.exposure, prediction.view());
    subject.likelihood->predict(subject.outputs.view(), subject.exposure, subject.outputs.view());
    EXPECT_EQ(subject.outputs.values, prediction.values) << name;
    EXPECT_EQ(subject.likelihood->prediction_names().size(), subject.likelihood->outputs()) << name;
    EXPECT_EQ(subject.likelihood->metric_counts(), 0U) << name << " of two columns";
  }
}

TEST(Likelihood, StartsWithTheBestConstant) {
  // At the best constant the mean of the derivative by the mean's output is zero.
  for (const std::string name : {"poisson", "negative_binomial", "gaussian_heteroscedastic"}) {
    Independents<double> subject(name);
    TargetSummary all;
    all.rows = subject.rows;
    all.mean = {0, 0};
    all.variance = {1, 1};
    for (std::size_t i = 0; i < subject.rows; ++i) {
      all.weight += subject.weights[i];
      all.exposure += subject.weights[i] * (subject.likelihood->uses_exposure() ? subject.exposure[i] : 1);
      all.mean[0] += subject.weights[i] * subject.targets.view()(i, 0);
      all.mean[1] += subject.weights[i] * subject.targets.view()(i, 1);
    }
    all.mean = {all.mean[0] / all.weight, all.mean[1] / all.weight};
    const std::vector<double> start = subject.likelihood->initial_outputs(all);
    ASSERT_EQ(start.size(), subject.likelihood->outputs());
    for (std::size_t i = 0; i < subject.outputs.values.size(); ++i) {
      subject.outputs.values[i] = start[i % start.size()];
    }
    if (name == "negative_binomial") {
      for (std::size_t i = 0; i < subject.rows; ++i) {
        subject.outputs.view()(i, 2) = subject.outputs.view()(i, 3) = -30;  // as good as poisson
      }
    }
    Table<double> derivative = subject.outputs;
    subject.likelihood->nll_and_derivative(subject.outputs.view(), subject.observed(), derivative.view());
    for (std::size_t k = 0; k < 2; ++k) {
      double slope = 0;
      for (std::size_t i = 0; i < subject.rows; ++i) {
        slope += derivative.view()(i, k);
      }
      EXPECT_NEAR(slope, 0, 1e-10) << name;  // 40 terms up to 20, rounded; negative_binomial: e^-30·y²
    }
  }
  EXPECT_TRUE(make_gaussian<double>(2)->initial_outputs({}).empty());
}

TYPED_TEST(LikelihoodTest, CountsTellTheirDeviance) {
  const auto likelihood = make_poisson<TypeParam>(1);
  Table<TypeParam> outputs{3, 1};
  outputs.values = {0, 0, 0};
  Table<TypeParam> targets{3, 1};
  targets.values = {0, 1, 3};
  const std::vector<TypeParam> exposure{1, 1, 2};
  TargetSummary all;
  all.rows = 3;
  all.weight = 3;
  all.exposure = 4;
  all.mean = {4.0 / 3};
  all.variance = {1};
  // 2·(μ - y + y·log(y/μ)) with μ = 1, 1, 2, and the constant rate 1 gives the same.
  const double deviance = 2 * (1 + 0 + (2 - 3 + 3 * std::log(1.5))) / 3;
  EXPECT_EQ(likelihood->metrics(), (Names{"deviance", "d2", "rmse"}));
  const Values values = metrics<TypeParam>(*likelihood, outputs.view(), {targets.view(), {}, exposure}, all);
  EXPECT_NEAR(values[0], deviance, 1e-15);
  EXPECT_NEAR(values[1], 0, 1e-15);
  EXPECT_NEAR(values[2], std::sqrt((1 + 0 + 1) / 3.0), 1e-15);

  // A dispersion that is as good as none.
  const auto dispersed = make_negative_binomial<TypeParam>(1);
  Table<TypeParam> more{3, 2};
  more.values = {0, -60, 0, -60, 0, -60};
  const Values theirs = metrics<TypeParam>(*dispersed, more.view(), {targets.view(), {}, exposure}, all);
  EXPECT_NEAR(theirs[0], deviance, 1e-15);
  EXPECT_EQ(dispersed->metrics(), (Names{"deviance", "rmse", "r2"}));
}

TEST(Likelihood, AucIsTheShareOfPairsInOrder) {
  const auto bernoulli = make_bernoulli<double>(1);
  const auto categorical = make_categorical<double>(2);
  EXPECT_EQ(bernoulli->metrics(), (Names{"accuracy", "auc"}));
  EXPECT_EQ(categorical->metrics(), (Names{"accuracy", "auc"}));
  EXPECT_EQ(make_bernoulli<double>(2)->metrics(), Names{"accuracy"});
  constexpr std::size_t rows = 500;
  Table<double> outputs{rows, 1};
  Table<double> both{rows, 2};
  Table<double> targets{rows, 1};
  std::vector<double> weights;
  for (std::size_t i = 0; i < rows; ++i) {
    targets.values[i] = static_cast<double>(i % 3 == 0);
    outputs.values[i] = 3 * std::sin(1.0 + static_cast<double>(i * i % 1009)) + targets.values[i];
    both.view()(i, 0) = 7 - outputs.values[i];
    both.view()(i, 1) = 7;
    weights.push_back(static_cast<double>(i % 5));
  }
  double wins = 0;
  double pairs = 0;
  double close = 0;
  for (std::size_t i = 0; i < rows; i += 3) {
    for (std::size_t j = 0; j < rows; ++j) {
      if (targets.values[j] == 0) {
        const double weight = weights[i] * weights[j];
        const double own = outputs.values[i];
        const double other = outputs.values[j];
        pairs += weight;
        wins += weight * (own > other ? 1 : own == other ? 0.5 : 0);
        // The largest bins that they could share.
        close += std::abs(own - other) <= std::max(std::abs(own), std::abs(other)) / 128 ? weight : 0;
      }
    }
  }
  TargetSummary all;
  all.weight = all.exposure = rows;
  all.mean = {0.5};
  all.largest_weight = 4;
  const Observations<double> observed{targets.view(), weights};
  const double auc = metrics<double>(*bernoulli, outputs.view(), observed, all)[1];
  EXPECT_NEAR(auc, wins / pairs, close / pairs / 2);
  EXPECT_LT(close / pairs, 0.02);
  EXPECT_EQ(metrics<double>(*categorical, both.view(), observed, all)[1], auc);
}

TEST(Likelihood, ScoresStandInOrder) {
  std::size_t before = 0;
  for (const float score : {-std::numeric_limits<float>::infinity(), -1000.0F, -1.0F, -0.99F, -1e-30F, 0.0F, 1e-30F,
                            0.99F, 1.0F, 1000.0F, std::numeric_limits<float>::infinity()}) {
    EXPECT_GT(score_bin(score), before);
    before = score_bin(score);
  }
  EXPECT_EQ(score_bin(-0.0F), score_bin(0.0F));
  EXPECT_LT(before, score_bins);
}

TEST(Likelihood, QuantilesAreThoseOfTheDistributions) {
  struct Quantile {
    const char* likelihood;
    double probability;
    std::vector<double> outputs;
    double exposure;
    double expected;
  };
  // From tables of the distributions: the normal's 0.975 is 1.95996..., that of Student's t with 4 degrees 2.77644...;
  // counts by adding up probabilities.
  const std::vector<Quantile> quantiles{
      {"gaussian", 0.975, {1}, 1, 1 + 1.959963984540054},
      {"gaussian_heteroscedastic", 0.025, {1, std::log(4.0)}, 1, 1 - 2 * 1.959963984540054},
      {"laplace", 0.75, {1}, 1, 1 + std::log(2.0)},
      {"laplace", 0.25, {1}, 1, 1 - std::log(2.0)},
      {"student_t", 0.975, {1}, 1, 1 + 2.7764451051977987},
      {"poisson", 0.5, {std::log(2.0)}, 2, 4},    // P(Y ≤ 3) = 0.433, P(Y ≤ 4) = 0.629
      {"poisson", 0.01, {std::log(4.0)}, 1, 0},   // P(Y = 0) = 0.018
      {"negative_binomial", 0.74, {0, 0}, 1, 1},  // geometric: 1/2, 3/4, 7/8
      {"negative_binomial", 0.76, {0, 0}, 1, 2},
  };
  for (const Quantile& one : quantiles) {
    const auto likelihood = make_likelihood<double>(one.likelihood, 0, 1);
    ASSERT_TRUE(likelihood->has_quantiles());
    Table<double> outputs{1, one.outputs.size()};
    std::ranges::copy(one.outputs, outputs.values.begin());
    Table<double> result{1, 1};
    const std::vector<double> exposure{one.exposure};
    likelihood->quantile(one.probability, outputs.view(), exposure, result.view());
    EXPECT_NEAR(result.values[0], one.expected, 1e-13) << one.likelihood;
  }
  EXPECT_FALSE(make_bernoulli<double>(1)->has_quantiles());
  EXPECT_FALSE(make_categorical<double>(3)->has_quantiles());
}

TEST(Likelihood, PredictsWhatPeopleRead) {
  const auto predicted = [](const std::string& name, std::vector<double> outputs, double exposure) {
    const auto likelihood = make_likelihood<double>(name, 0, 1);
    Table<double> table{1, outputs.size()};
    std::ranges::copy(outputs, table.values.begin());
    const std::vector<double> exposures{exposure};
    likelihood->predict(table.view(), exposures, table.view());
    return std::vector<double>(table.values.begin(), table.values.end());
  };
  EXPECT_EQ(predicted("bernoulli", {0}, 1), Values{0.5});
  EXPECT_EQ(predicted("poisson", {0}, 2.5), Values{std::exp(std::log(2.5))});
  EXPECT_EQ(predicted("negative_binomial", {1, 2}, 1), (Values{std::exp(1.0), std::exp(2.0)}));
  EXPECT_EQ(predicted("gaussian_heteroscedastic", {1, 2}, 1), (Values{1, std::exp(2.0)}));
  EXPECT_EQ(make_negative_binomial<double>(1)->prediction_names(), (Names{"mean", "dispersion"}));
  EXPECT_EQ(make_gaussian_heteroscedastic<double>(2)->prediction_names(),
            (Names{"mean_0", "mean_1", "variance_0", "variance_1"}));
  EXPECT_EQ(make_categorical<double>(2)->prediction_names(), (Names{"p_0", "p_1"}));
}

TYPED_TEST(LikelihoodTest, NamesTheFaultOfACountAndOfAYesOrNo) {
  const auto fault = [](const Likelihood<TypeParam>& likelihood, double value) {
    Table<TypeParam> target{1, 1};
    target.values[0] = static_cast<TypeParam>(value);
    return likelihood.target_fault(target.view(), 0);
  };
  for (const std::string name : {"poisson", "negative_binomial"}) {
    const auto likelihood = make_likelihood<TypeParam>(name, 0, 1);
    EXPECT_EQ(fault(*likelihood, 0), "");
    EXPECT_EQ(fault(*likelihood, 1e6), "");
    EXPECT_EQ(fault(*likelihood, -1), "-1 is no count 0, 1, 2, ...");
    EXPECT_EQ(fault(*likelihood, 0.5), "0.5 is no count 0, 1, 2, ...");
    EXPECT_EQ(fault(*likelihood, std::numeric_limits<double>::infinity()), "inf is no count 0, 1, 2, ...");
  }
  const auto bernoulli = make_bernoulli<TypeParam>(1);
  EXPECT_EQ(fault(*bernoulli, 0), "");
  EXPECT_EQ(fault(*bernoulli, 1), "");
  EXPECT_EQ(fault(*bernoulli, 2), "2 is neither 0 nor 1");
  EXPECT_EQ(fault(*bernoulli, -1), "-1 is neither 0 nor 1; labels -1 and 1 become 0 and 1");
  EXPECT_EQ(fault(*make_laplace<TypeParam>(1), std::numeric_limits<double>::quiet_NaN()), "nan is not a finite number");
}

TEST(TargetSummary, RecommendsALikelihood) {
  TargetSummary targets;
  targets.mean = {0.5};
  targets.variance = {0.25};
  targets.largest = 1;
  targets.whole_numbers = true;
  EXPECT_EQ(recommended_likelihood(targets), "bernoulli");
  EXPECT_EQ(better_likelihood("gaussian", targets), "bernoulli");
  EXPECT_EQ(better_likelihood("categorical", targets), "");
  targets.largest = 9;
  EXPECT_EQ(recommended_likelihood(targets), "categorical");
  targets.largest = 900;
  targets.mean = {50};
  targets.variance = {60};
  EXPECT_EQ(recommended_likelihood(targets), "poisson");
  EXPECT_EQ(better_likelihood("poisson", targets), "");
  EXPECT_EQ(better_likelihood("laplace", targets), "poisson");
  targets.variance = {6000};
  EXPECT_EQ(better_likelihood("poisson", targets), "negative_binomial");
  targets.smallest = -1;
  EXPECT_EQ(recommended_likelihood(targets), "gaussian");
  targets.smallest = 0;
  targets.whole_numbers = false;
  EXPECT_EQ(better_likelihood("gaussian", targets), "");
}

TYPED_TEST(LikelihoodTest, NamesTheFaultOfAClass) {
  using Real = TypeParam;
  const auto likelihood = make_categorical<Real>(10);
  Table<Real> targets{9, 1};
  targets.values = {0,
                    9,
                    10,
                    11,
                    -1,
                    Real(1.5),
                    Real(-0.5),
                    std::numeric_limits<Real>::quiet_NaN(),
                    std::numeric_limits<Real>::infinity()};
  const std::vector<std::string> expected = {"",
                                             "",
                                             "class 10 is out of range 0..9",
                                             "class 11 is out of range 0..9",
                                             "class -1 is out of range 0..9",
                                             "1.5 is not a class",
                                             "-0.5 is not a class",
                                             "nan is not a class",
                                             "inf is not a class"};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(likelihood->target_fault(targets.view(), i), expected[i]);
  }
}

TYPED_TEST(LikelihoodTest, NamesTheFaultOfANumber) {
  using Real = TypeParam;
  const auto likelihood = make_gaussian<Real>(2);
  Table<Real> targets{3, 2};
  targets.values = {Real(1e30), -2, 0, std::numeric_limits<Real>::quiet_NaN(), -std::numeric_limits<Real>::infinity(),
                    0};
  EXPECT_EQ(likelihood->target_fault(targets.view(), 0), "");
  EXPECT_EQ(likelihood->target_fault(targets.view(), 1), "nan in column 1 is not a finite number");
  EXPECT_EQ(likelihood->target_fault(targets.view(), 2), "-inf in column 0 is not a finite number");
}

TEST(Likelihood, IsMadeByName) {
  const auto categorical = make_likelihood<float>("categorical", 7, 1);
  EXPECT_EQ(categorical->outputs(), 7U);
  EXPECT_EQ(categorical->target_columns(), 1U);
  const auto gaussian = make_likelihood<float>("gaussian", 0, 4);
  EXPECT_EQ(gaussian->outputs(), 4U);
  EXPECT_EQ(gaussian->target_columns(), 4U);
  for (const std::string& name : likelihood_names()) {
    EXPECT_GT(make_likelihood<float>(name, 7, 1)->outputs(), 0U);
    EXPECT_NE(likelihood_help().find(name + " ("), std::string::npos);
  }
  EXPECT_THROW(make_likelihood<float>("cauchy", 7, 1), std::invalid_argument);
}

}  // namespace
}  // namespace cauchy::model

// Likelihoods against long double formulas and central differences, far out, and with bad targets.

#include "cauchy/model/likelihood.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cauchy/linear_algebra/aligned.hpp"
#include "reference_network.hpp"

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
  likelihood->predict(outputs.view(), prediction.view());
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
  likelihood->predict(outputs.view(), outputs.view());
  EXPECT_EQ(outputs.values, prediction.values) << "in place";
}

TYPED_TEST(LikelihoodTest, CategoricalCountsHitsAndGivesTiesToTheLowestClass) {
  const auto likelihood = make_categorical<TypeParam>(3);
  const TypeParam nan = std::numeric_limits<TypeParam>::quiet_NaN();
  Table<TypeParam> outputs{6, 3};
  outputs.values = {1, 2, 3, 3, 2, 1, 5, 5, 5, 5, 5, 5, 1, 7, 7, nan, 1, 0};
  Table<TypeParam> targets{6, 1};
  targets.values = {2, 1, 0, 1, 1, 1};  // hit, miss, hit, miss, hit, miss
  EXPECT_EQ(likelihood->metric_sum(outputs.view(), {targets.view()}), 3);
  EXPECT_EQ(likelihood->metric_value(3, 6), 0.5);
  EXPECT_EQ(likelihood->metric(), "accuracy");
}

TYPED_TEST(LikelihoodTest, GaussianGivesTheRootOfTheMeanSquare) {
  const auto likelihood = make_gaussian<TypeParam>(2);
  Table<TypeParam> outputs{2, 2};
  outputs.values = {1, 2, 3, 4};
  Table<TypeParam> targets{2, 2};
  targets.values = {1, 5, -1, 4};
  EXPECT_EQ(likelihood->metric_sum(outputs.view(), {targets.view()}), 25);
  EXPECT_EQ(likelihood->metric_value(25, 2), 2.5);
  EXPECT_EQ(likelihood->metric(), "rmse");
  Table<TypeParam> prediction{2, 2};
  likelihood->predict(outputs.view(), prediction.view());
  EXPECT_EQ(prediction.values, outputs.values);
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
  EXPECT_THROW(make_likelihood<float>("cauchy", 7, 1), std::invalid_argument);
}

}  // namespace
}  // namespace cauchy::model

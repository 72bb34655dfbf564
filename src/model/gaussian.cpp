// The normal likelihood with variance 1.

#include <algorithm>
#include <cmath>
#include <numbers>

#include "cauchy/model/likelihood.hpp"
#include "number_text.hpp"
#include "weighting.hpp"

namespace cauchy::model {
namespace {

using linear_algebra::MatrixView;

template <typename Real>
double squared_distance(const Real* output, const Real* target, std::size_t columns) {
  double sum = 0;
  for (std::size_t k = 0; k < columns; ++k) {
    const double error = static_cast<double>(output[k]) - static_cast<double>(target[k]);
    sum += error * error;
  }
  return sum;
}

template <typename Real>
class Gaussian final : public Likelihood<Real> {
 public:
  explicit Gaussian(std::size_t columns) : columns_(columns) {}

  std::size_t outputs() const override { return columns_; }
  std::size_t target_columns() const override { return columns_; }

  double nll(MatrixView<const Real> outputs, const Observations<Real>& observed) const override {
    const double log_normalization = 0.5 * static_cast<double>(columns_) * std::log(2 * std::numbers::pi);
    double sum = 0;
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      const double squares = squared_distance(outputs.row(i), observed.targets.row(i), columns_);
      sum += weighted(0.5 * squares + log_normalization, observed, i);
    }
    return sum;
  }

  double nll_and_derivative(MatrixView<const Real> outputs, const Observations<Real>& observed,
                            MatrixView<Real> derivative) const override {
    const double sum = nll(outputs, observed);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      derivative.data[i] = outputs.data[i] - observed.targets.data[i];
    }
    weigh_rows(observed, derivative);
    return sum;
  }

  bool has_curvature() const override { return true; }

  void curvature(MatrixView<const Real> outputs, const Observations<Real>& observed,
                 MatrixView<Real> result) const override {
    std::ranges::fill(result.elements(), Real{0});
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      for (std::size_t k = 0; k < columns_; ++k) {
        result(i, k * columns_ + k) = 1;
      }
    }
    weigh_rows(observed, result);
  }

  void predict(MatrixView<const Real> outputs, MatrixView<Real> prediction) const override {
    if (outputs.data != prediction.data) {
      std::copy_n(outputs.data, outputs.size(), prediction.data);
    }
  }

  std::vector<std::string> prediction_names() const override {
    return columns_ == 1 ? std::vector<std::string>{"mean"} : numbered("mean_", columns_);
  }

  std::string_view metric() const override { return "rmse"; }

  double metric_sum(MatrixView<const Real> outputs, const Observations<Real>& observed) const override {
    double sum = 0;
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      sum += weighted(squared_distance(outputs.row(i), observed.targets.row(i), columns_), observed, i);
    }
    return sum;
  }

  double metric_value(double sum, double weight) const override {
    return std::sqrt(sum / (weight * static_cast<double>(columns_)));
  }

  std::string target_fault(MatrixView<const Real> targets, std::size_t row) const override {
    for (std::size_t k = 0; k < columns_; ++k) {
      if (!std::isfinite(targets(row, k))) {
        return number_text(targets(row, k)) + " in column " + std::to_string(k) + " is not a finite number";
      }
    }
    return {};
  }

 private:
  std::size_t columns_;
};

}  // namespace

template <typename Real>
std::unique_ptr<Likelihood<Real>> make_gaussian(std::size_t columns) {
  return std::make_unique<Gaussian<Real>>(columns);
}

template std::unique_ptr<Likelihood<float>> make_gaussian(std::size_t);
template std::unique_ptr<Likelihood<double>> make_gaussian(std::size_t);

}  // namespace cauchy::model

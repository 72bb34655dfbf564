#pragma once
/// Likelihoods of targets that are independent of each other given the outputs.

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cauchy/model/likelihood.hpp"
#include "metrics.hpp"
#include "number_text.hpp"
#include "weighting.hpp"

namespace cauchy::model {

/// -log p(y | z) of one target, and its derivative by the target's outputs z.
template <std::size_t Outputs>
struct Term {
  double nll;
  std::array<double, Outputs> derivative;
};

/// Second derivatives of -log p(y | z) by the target's outputs, symmetric.
template <std::size_t Outputs>
using Curvature = std::array<std::array<double, Outputs>, Outputs>;

/// A density of one target stands behind it, everything in double:
///
///     struct Density {
///       static constexpr std::array parameter_names{"mean"};      // as many as outputs for each target
///       static constexpr std::array figures{Figure::rmse};        // the metrics
///       static constexpr bool uses_exposure = false;
///       using Outputs = std::array<double, 1>;
///       Term<1> term(double y, const Outputs& z, double log_exposure) const;
///       Outputs parameters(const Outputs& z, double log_exposure) const;   // what people read, the mean (or what
///                                                                          // stands for it) first
///       const char* fault(double y) const;                        // "is no count", or null
///       ... where there are such:
///       Outputs in_units(const Outputs& found, double mean, double deviation) const;   // of measurements: parameters
///                                                                          // of y from those of (y - mean)/deviation
///       Outputs start(double mean, double variance, double log_rate) const;   // see Likelihood::initial_outputs
///       double quantile(double probability, const Outputs& z, double log_exposure) const;
///       Curvature<1> curvature(double y, const Outputs& z, double log_exposure) const;
///       bool hit(double y, const Outputs& z) const;                         // for accuracy and auc
///       double deviance(double y, const Outputs& z, double log_exposure) const;
///       double null_deviance(double y, double log_mean) const;              // for d2
///     };
template <typename Real, typename Density>
class Independent : public Likelihood<Real> {
 public:
  template <typename T>
  using MatrixView = linear_algebra::MatrixView<T>;

  explicit Independent(std::size_t columns, Density density = {}, TargetScale scale = {})
      : columns_(columns), density_(std::move(density)), scale_(std::move(scale)) {}

  std::size_t outputs() const override { return count * columns_; }
  std::size_t target_columns() const override { return columns_; }
  bool uses_exposure() const override { return Density::uses_exposure; }
  bool is_of_measurements() const override { return measurements; }

  double nll(MatrixView<const Real> outputs, const Observations<Real>& observed) const override {
    double sum = 0;
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      const double log_exposure = log_exposure_of(observed.exposure, i);
      double of_sample = 0;
      for (std::size_t k = 0; k < columns_; ++k) {
        of_sample += term(observed.targets(i, k), k, outputs_of(outputs, i, k), log_exposure).nll;
      }
      sum += weighted(of_sample, observed, i);
    }
    return sum;
  }

  double nll_and_derivative(MatrixView<const Real> outputs, const Observations<Real>& observed,
                            MatrixView<Real> derivative) const override {
    double sum = 0;
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      const double log_exposure = log_exposure_of(observed.exposure, i);
      double of_sample = 0;
      for (std::size_t k = 0; k < columns_; ++k) {
        const Term<count> one = term(observed.targets(i, k), k, outputs_of(outputs, i, k), log_exposure);
        of_sample += one.nll;
        write(one.derivative, derivative, i, k);
      }
      sum += weighted(of_sample, observed, i);
    }
    weigh_rows(observed, derivative);
    return sum;
  }

  bool has_curvature() const override {
    return requires {
      &Density::curvature;
    };
  }

  void curvature(MatrixView<const Real> outputs, const Observations<Real>& observed,
                 MatrixView<Real> result) const override {
    if constexpr (requires { &Density::curvature; }) {
      std::ranges::fill(result.elements(), Real{0});
      for (std::size_t i = 0; i < outputs.rows; ++i) {
        const double log_exposure = log_exposure_of(observed.exposure, i);
        for (std::size_t k = 0; k < columns_; ++k) {
          const Curvature<count> one = curvature_of(observed.targets(i, k), k, outputs_of(outputs, i, k), log_exposure);
          for (std::size_t p = 0; p < count; ++p) {
            for (std::size_t q = 0; q < count; ++q) {
              result(i, (p * columns_ + k) * count * columns_ + q * columns_ + k) = static_cast<Real>(one[p][q]);
            }
          }
        }
      }
      weigh_rows(observed, result);
    } else {
      Likelihood<Real>::curvature(outputs, observed, result);
    }
  }

  void curvature_product(MatrixView<const Real> outputs, MatrixView<const Real> tangents,
                         const Observations<Real>& observed, MatrixView<Real> result) const override {
    if constexpr (requires { &Density::curvature; }) {
      for (std::size_t i = 0; i < outputs.rows; ++i) {
        const double log_exposure = log_exposure_of(observed.exposure, i);
        for (std::size_t k = 0; k < columns_; ++k) {
          const Curvature<count> one = curvature_of(observed.targets(i, k), k, outputs_of(outputs, i, k), log_exposure);
          const Outputs tangent = outputs_of(tangents, i, k);
          Outputs change{};
          for (std::size_t p = 0; p < count; ++p) {
            for (std::size_t q = 0; q < count; ++q) {
              change[p] += one[p][q] * tangent[q];
            }
          }
          write(change, result, i, k);
        }
      }
      weigh_rows(observed, result);
    } else {
      Likelihood<Real>::curvature_product(outputs, tangents, observed, result);
    }
  }

  std::vector<double> initial_outputs(const TargetSummary& all) const override {
    std::vector<double> result;
    if constexpr (requires { &Density::start; }) {
      result.resize(outputs());
      for (std::size_t k = 0; k < columns_; ++k) {
        // As if half an event had been seen where there was none.
        const double rate =
            std::max(all.mean[k] * all.weight, 0.5 * all.weight / static_cast<double>(all.rows)) / all.exposure;
        const double deviation = scale_.active() ? scale_.deviation[k] : 1;
        const double mean = scale_.active() ? (all.mean[k] - scale_.mean[k]) / deviation : all.mean[k];
        const Outputs start = density_.start(mean, all.variance[k] / (deviation * deviation), std::log(rate));
        for (std::size_t p = 0; p < count; ++p) {
          result[p * columns_ + k] = start[p];
        }
      }
    }
    return result;
  }

  std::vector<std::string> prediction_names() const override {
    std::vector<std::string> names;
    for (const std::string name : Density::parameter_names) {
      const std::vector<std::string> of_targets = columns_ == 1 ? std::vector{name} : numbered(name + "_", columns_);
      names.insert(names.end(), of_targets.begin(), of_targets.end());
    }
    return names;
  }

  void predict(MatrixView<const Real> outputs, std::span<const Real> exposure,
               MatrixView<Real> prediction) const override {
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      const double log_exposure = log_exposure_of(exposure, i);
      for (std::size_t k = 0; k < columns_; ++k) {
        write(parameters(k, outputs_of(outputs, i, k), log_exposure), prediction, i, k);
      }
    }
  }

  bool has_quantiles() const override {
    return requires {
      &Density::quantile;
    };
  }

  void quantile(double probability, MatrixView<const Real> outputs, std::span<const Real> exposure,
                MatrixView<Real> result) const override {
    if constexpr (requires { &Density::quantile; }) {
      for (std::size_t i = 0; i < outputs.rows; ++i) {
        const double log_exposure = log_exposure_of(exposure, i);
        for (std::size_t k = 0; k < columns_; ++k) {
          const double value = density_.quantile(probability, outputs_of(outputs, i, k), log_exposure);
          result(i, k) = static_cast<Real>(scale_.active() ? scale_.mean[k] + scale_.deviation[k] * value : value);
        }
      }
    } else {
      Likelihood<Real>::quantile(probability, outputs, exposure, result);
    }
  }

  std::vector<std::string> metrics() const override {
    std::vector<std::string> names;
    for (const Figure figure : Density::figures) {
      if (figure != Figure::auc || counts_scores()) {
        names.push_back(figure_name(figure));
      }
    }
    return names;
  }

  std::size_t metric_sums() const override { return FigureSums::size; }

  void add_metric_sums(MatrixView<const Real> outputs, const Observations<Real>& observed, const TargetSummary& all,
                       std::span<double> sums) const override {
    const double log_rate = std::log(all.mean[0] * all.weight / all.exposure);
    FigureSums total;
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      const double weight = observed.weight(i);
      if (weight == 0) {
        continue;
      }
      const double log_exposure = log_exposure_of(observed.exposure, i);
      for (std::size_t k = 0; k < columns_; ++k) {
        const auto y = static_cast<double>(observed.targets(i, k));
        const Outputs z = outputs_of(outputs, i, k);
        const double error = y - parameters(k, z, log_exposure)[0];
        const double from_mean = y - all.mean[k];
        total.targets += weight;
        total.squares += weight * error * error;
        total.magnitudes += weight * std::abs(error);
        total.all_squares += weight * from_mean * from_mean;
        if constexpr (requires { &Density::hit; }) {
          total.hits += density_.hit(y, z) ? weight : 0;
        }
        if constexpr (requires { &Density::deviance; }) {
          total.deviance += weight * density_.deviance(y, z, log_exposure);
        }
        if constexpr (requires { &Density::null_deviance; }) {
          const double log_mean = columns_ == 1 ? log_rate : std::log(all.mean[k] * all.weight / all.exposure);
          total.null_deviance += weight * density_.null_deviance(y, log_mean + log_exposure);
        }
      }
    }
    total.add_to(sums);
  }

  std::size_t metric_counts() const override { return counts_scores() ? score_counts : 0; }

  void add_metric_counts(MatrixView<const Real> outputs, const Observations<Real>& observed, const TargetSummary& all,
                         std::span<double> counts) const override {
    if (counts_scores()) {
      for (std::size_t i = 0; i < outputs.rows; ++i) {
        count_score(counts, static_cast<float>(outputs(i, 0)), observed.targets(i, 0) > 0, observed.weight(i), all);
      }
    }
  }

  std::vector<double> metric_values(std::span<const double> sums, std::span<const double> counts) const override {
    std::vector<double> values;
    for (const Figure figure : Density::figures) {
      if (figure != Figure::auc) {
        values.push_back(figure_value(figure, FigureSums::from(sums)));
      } else if (counts_scores()) {
        values.push_back(auc(counts));
      }
    }
    return values;
  }

  std::string target_fault(MatrixView<const Real> targets, std::size_t row) const override {
    for (std::size_t k = 0; k < columns_; ++k) {
      const Real value = targets(row, k);
      const char* const fault = density_.fault(static_cast<double>(value));
      if (fault != nullptr) {
        return number_text(value) + (columns_ == 1 ? "" : " in column " + std::to_string(k)) + " " + fault;
      }
    }
    return {};
  }

 protected:
  static constexpr std::size_t count = Density::parameter_names.size();
  using Outputs = typename Density::Outputs;

  const Density& density() const { return density_; }
  std::size_t columns() const { return columns_; }
  const TargetScale& scale() const { return scale_; }

 private:
  static constexpr bool measurements = requires { &Density::in_units; };

  static double log_exposure_of(std::span<const Real> exposure, std::size_t sample) {
    return !Density::uses_exposure || exposure.empty() ? 0 : std::log(static_cast<double>(exposure[sample]));
  }

  Outputs outputs_of(MatrixView<const Real> outputs, std::size_t sample, std::size_t target) const {
    Outputs result;
    for (std::size_t p = 0; p < count; ++p) {
      result[p] = static_cast<double>(outputs(sample, p * columns_ + target));
    }
    return result;
  }

  /// With (y - mean)/deviation in place of y, the density of y is that divided by the deviation.
  Term<count> term(Real target, std::size_t column, const Outputs& outputs, double log_exposure) const {
    Term<count> result = density_.term(scaled(target, column), outputs, log_exposure);
    if (scale_.active()) {
      result.nll += std::log(scale_.deviation[column]);
    }
    return result;
  }

  Curvature<count> curvature_of(Real target, std::size_t column, const Outputs& outputs, double log_exposure) const {
    return density_.curvature(scaled(target, column), outputs, log_exposure);
  }

  double scaled(Real target, std::size_t column) const {
    const auto y = static_cast<double>(target);
    return scale_.active() ? (y - scale_.mean[column]) / scale_.deviation[column] : y;
  }

  /// What people read, in the units of the target.
  Outputs parameters(std::size_t column, const Outputs& outputs, double log_exposure) const {
    const Outputs found = density_.parameters(outputs, log_exposure);
    if constexpr (measurements) {
      return scale_.active() ? density_.in_units(found, scale_.mean[column], scale_.deviation[column]) : found;
    }
    return found;
  }

  /// Numbers below the normal range slow products down; in this form NaN passes.
  void write(const Outputs& values, MatrixView<Real> matrix, std::size_t sample, std::size_t target) const {
    for (std::size_t p = 0; p < count; ++p) {
      const double value = values[p];
      matrix(sample, p * columns_ + target) =
          std::abs(value) < static_cast<double>(std::numeric_limits<Real>::min()) ? Real{0} : static_cast<Real>(value);
    }
  }

  /// Scores make one curve for one target.
  bool counts_scores() const { return columns_ == 1 && std::ranges::count(Density::figures, Figure::auc) > 0; }

  std::size_t columns_;
  Density density_;
  TargetScale scale_;
};

}  // namespace cauchy::model

#pragma once
/// p_model(y | outputs): the negative log-likelihood, its derivative, what a prediction is, and how good it is.

#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "cauchy/linear_algebra/matrix_view.hpp"
#include "cauchy/model/batch.hpp"
#include "cauchy/model/target_summary.hpp"

namespace cauchy::model {

/// A distribution of the targets whose parameters are the network's outputs. Stateless, so that threads may share it.
/// Instantiated for float and double. All matrices have one row a sample. Targets must be without fault: only
/// target_fault may see others. A sample counts as much as its weight says, one of weight 0 not at all; NaN in the
/// outputs of another gives a NaN sum. src/model/README.md has the formulas.
template <typename Real>
class Likelihood {
 public:
  template <typename T>
  using MatrixView = linear_algebra::MatrixView<T>;

  Likelihood() = default;
  Likelihood(const Likelihood&) = delete;
  Likelihood& operator=(const Likelihood&) = delete;
  virtual ~Likelihood() = default;

  /// How many outputs the network needs. Where a target has several, the first ones of all targets come first.
  virtual std::size_t outputs() const = 0;
  /// How many columns the targets have.
  virtual std::size_t target_columns() const = 0;
  /// Whether the exposure of a sample says anything.
  virtual bool uses_exposure() const { return false; }
  /// Whether targets are measurements, which may have a TargetScale.
  virtual bool is_of_measurements() const { return false; }

  /// Σ over samples of -weight·log p(y | outputs), in nats, with every constant; summed in double in the order of the
  /// samples.
  virtual double nll(MatrixView<const Real> outputs, const Observations<Real>& observed) const = 0;

  /// The same sum, to the last bit, and its derivative by the outputs, (samples × outputs), which may overwrite the
  /// outputs themselves.
  virtual double nll_and_derivative(MatrixView<const Real> outputs, const Observations<Real>& observed,
                                    MatrixView<Real> derivative) const = 0;

  /// Whether a number added to all outputs of a sample changes nothing, so that data determine their differences alone.
  virtual bool relative_outputs() const { return false; }
  virtual bool has_curvature() const { return false; }
  /// Second derivatives of each sample's weight·NLL by its outputs, (samples × outputs²). Only where has_curvature.
  virtual void curvature(MatrixView<const Real> /*outputs*/, const Observations<Real>& /*observed*/,
                         MatrixView<Real> /*result*/) const {
    throw std::logic_error("a likelihood without curvature was asked for it");
  }
  /// Its product with a change of the outputs, (samples × outputs), the change of the derivative: each sample's
  /// weight·∂²NLL/∂z²·tangent, in memory of its own. Only where has_curvature.
  virtual void curvature_product(MatrixView<const Real> /*outputs*/, MatrixView<const Real> /*tangents*/,
                                 const Observations<Real>& /*observed*/, MatrixView<Real> /*result*/) const {
    throw std::logic_error("a likelihood without curvature was asked for its product");
  }

  /// Outputs, the same for every sample, that training of these targets starts from: the intercepts of the last layer,
  /// whose weights are then zero. Empty where training starts well from random outputs about zero.
  virtual std::vector<double> initial_outputs(const TargetSummary& /*all*/) const { return {}; }

  /// Names of the parameters of p(y | x) that people read, such as "mean", or "p_1" of class 1; of several targets with
  /// their number, "mean_0", "mean_1". As many as there are outputs.
  virtual std::vector<std::string> prediction_names() const = 0;
  /// These parameters, (samples × outputs); may be in place. `exposure` as in Observations.
  virtual void predict(MatrixView<const Real> outputs, std::span<const Real> exposure,
                       MatrixView<Real> prediction) const = 0;

  virtual bool has_quantiles() const { return false; }
  /// The smallest y of each target with P(Y ≤ y | x) ≥ probability, 0 < probability < 1: (samples × target columns).
  /// Only where has_quantiles.
  virtual void quantile(double probability, MatrixView<const Real> outputs, std::span<const Real> exposure,
                        MatrixView<Real> result) const;

  /// Names of the figures of merit beside the NLL, at least one, the most telling first: "accuracy", "rmse".
  virtual std::vector<std::string> metrics() const = 0;
  /// How many sums over samples they are made of.
  virtual std::size_t metric_sums() const = 0;
  /// Adds to the sums. `all` tells of the whole data set that is evaluated.
  virtual void add_metric_sums(MatrixView<const Real> outputs, const Observations<Real>& observed,
                               const TargetSummary& all, std::span<double> sums) const = 0;
  /// How many counts they are made of beside: whole numbers below 2^53, for which the order of adding does not matter.
  virtual std::size_t metric_counts() const { return 0; }
  virtual void add_metric_counts(MatrixView<const Real> /*outputs*/, const Observations<Real>& /*observed*/,
                                 const TargetSummary& /*all*/, std::span<double> /*counts*/) const {}
  /// The metrics from sums and counts over all samples, in the order of their names.
  virtual std::vector<double> metric_values(std::span<const double> sums, std::span<const double> counts) const = 0;

  /// What is wrong with a target row, in words with the value at fault, such as "class 11 is out of range 0..9"; empty
  /// if nothing is. Columns count from 0.
  virtual std::string target_fault(MatrixView<const Real> targets, std::size_t row) const = 0;
};

/// Softmax over classes. classes ≥ 2; targets (samples × 1). Metrics: "accuracy", the share of samples whose class has
/// the largest output, the lowest class of equal ones; with two classes "auc".
template <typename Real>
std::unique_ptr<Likelihood<Real>> make_categorical(std::size_t classes);

/// Each target 0 or 1, independent of the others, with an output each: the logit. Metrics: "accuracy", the share of
/// right targets, where an output of 0 stands for target 0; with one target "auc".
template <typename Real>
std::unique_ptr<Likelihood<Real>> make_bernoulli(std::size_t columns);

/// Independent normal targets of variance 1 around the outputs. Metrics: "rmse", "r2", and "variance", the maximum
/// likelihood estimate of the variance given the outputs.
template <typename Real>
std::unique_ptr<Likelihood<Real>> make_gaussian(std::size_t columns, TargetScale scale = {});

/// Independent normal targets with two outputs each, mean and logarithm of the variance. Metrics: "rmse", "r2".
template <typename Real>
std::unique_ptr<Likelihood<Real>> make_gaussian_heteroscedastic(std::size_t columns, TargetScale scale = {});

/// Independent counts with an output each, the logarithm of the mean for exposure 1; the mean is proportional to the
/// exposure. Metrics: "deviance", "d2" (the explained share of the deviance), "rmse".
template <typename Real>
std::unique_ptr<Likelihood<Real>> make_poisson(std::size_t columns);

/// Independent counts with two outputs each, the logarithms of mean μ, as for poisson, and dispersion α: the variance
/// is μ + α·μ². Metrics: "deviance" at the learned dispersion, "rmse", "r2".
template <typename Real>
std::unique_ptr<Likelihood<Real>> make_negative_binomial(std::size_t columns);

/// Independent Laplace targets of scale 1 around the outputs. Metrics: "mae", the maximum likelihood estimate of the
/// scale too, "rmse", "r2".
template <typename Real>
std::unique_ptr<Likelihood<Real>> make_laplace(std::size_t columns, TargetScale scale = {});

/// Independent targets around the outputs with Student's t distribution, of scale 1. Metrics: "rmse", "mae", "r2".
template <typename Real>
std::unique_ptr<Likelihood<Real>> make_student_t(std::size_t columns, double degrees_of_freedom,
                                                 TargetScale scale = {});

/// The likelihood of that name: categorical with that many classes, student_t with these degrees of freedom, all but
/// categorical with that many target columns, those of measurements with that scale. Throws std::invalid_argument for a
/// name that is none of likelihood_names().
template <typename Real>
std::unique_ptr<Likelihood<Real>> make_likelihood(std::string_view name, std::size_t classes,
                                                  std::size_t target_columns, double degrees_of_freedom = 4,
                                                  const TargetScale& scale = {});

/// In the order of the table in likelihood.cpp, from which all that is said about likelihoods as such comes.
std::vector<std::string> likelihood_names();

/// "categorical (classes 0, 1, 2, ...), bernoulli (...), ...".
std::string likelihood_help();

}  // namespace cauchy::model

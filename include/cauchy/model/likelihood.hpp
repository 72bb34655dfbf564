#pragma once
/// p_model(y | outputs): the negative log-likelihood, its derivative, and what a prediction is.

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "cauchy/linear_algebra/matrix_view.hpp"
#include "cauchy/model/batch.hpp"

namespace cauchy::model {

/// A distribution of the targets whose parameters are the network's outputs. Stateless, so that threads may share it.
/// Instantiated for float and double. All matrices have one row a sample. Targets must be without fault: only
/// target_fault may see others. A sample counts as much as its weight says, one of weight 0 not at all; NaN in the
/// outputs of another gives a NaN sum.
template <typename Real>
class Likelihood {
 public:
  template <typename T>
  using MatrixView = linear_algebra::MatrixView<T>;

  Likelihood() = default;
  Likelihood(const Likelihood&) = delete;
  Likelihood& operator=(const Likelihood&) = delete;
  virtual ~Likelihood() = default;

  /// How many outputs the network needs.
  virtual std::size_t outputs() const = 0;
  /// How many columns the targets have.
  virtual std::size_t target_columns() const = 0;

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

  /// The parameters of p(y | x) that people read: class probabilities, means. (samples × outputs), may be in place.
  virtual void predict(MatrixView<const Real> outputs, MatrixView<Real> prediction) const = 0;
  /// Names of the columns of a prediction, such as "mean" or "p_0", "p_1".
  virtual std::vector<std::string> prediction_names() const = 0;

  /// The natural figure of merit beside the NLL, such as "accuracy" or "rmse".
  virtual std::string_view metric() const = 0;
  /// A weighted sum over samples from which the metric is made: hits, squared errors.
  virtual double metric_sum(MatrixView<const Real> outputs, const Observations<Real>& observed) const = 0;
  /// The metric from the global sum and the global sum of the weights.
  virtual double metric_value(double sum, double weight) const = 0;

  /// What is wrong with a target row, in words with the value at fault, such as "class 11 is out of range 0..9"; empty
  /// if nothing is. Columns count from 0.
  virtual std::string target_fault(MatrixView<const Real> targets, std::size_t row) const = 0;
};

/// Softmax over classes: -log p(y|z) = log Σ_k exp(z_k) - z_y. classes ≥ 2; targets (samples × 1). The metric is
/// "accuracy": the share of samples whose class has the largest output, the lowest class of equal ones.
template <typename Real>
std::unique_ptr<Likelihood<Real>> make_categorical(std::size_t classes);

/// Independent normal targets of variance 1 around the outputs: ½‖y - z‖² + k/2·log 2π. targets (samples × k). The
/// metric is "rmse": √(Σ‖y - z‖²/(samples·k)).
template <typename Real>
std::unique_ptr<Likelihood<Real>> make_gaussian(std::size_t columns);

/// The likelihood of that name: "categorical" with that many classes, "gaussian" with that many columns. Throws
/// std::invalid_argument for other names.
template <typename Real>
std::unique_ptr<Likelihood<Real>> make_likelihood(std::string_view name, std::size_t classes,
                                                  std::size_t target_columns);

}  // namespace cauchy::model

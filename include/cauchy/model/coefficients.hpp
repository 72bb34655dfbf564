#pragma once
/// Standard errors of generalized linear models, from the information about their parameters.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace cauchy::model {

/// A linear model outputs = x̃·B at its estimates, x̃ = (1, x) or x, and how well the data determine them. Parameters of
/// an output stand together, the intercept first: parameter j of output k is number k·q + j, q = inputs + 1 or inputs.
struct LinearFit {
  std::size_t outputs = 0;
  std::size_t inputs = 0;
  bool intercept = false;
  std::vector<double> estimates;    ///< B by output, (outputs × q)
  std::vector<double> information;  ///< Σ of second derivatives of the NLL, (outputs·q)², the lower triangle
  std::vector<double> gradient;     ///< Σ of first derivatives of the NLL, (outputs·q)
  /// By output, Σ of squared residuals, from which the variance comes that the NLL takes for 1; empty: it is 1.
  std::vector<double> residual_squares;
  double weight = 0;          ///< Σ of the samples' weights, their number N
  std::vector<double> mean;   ///< of the inputs before x = (input - mean)·scale; empty: x is the input
  std::vector<double> scale;  ///< (inputs)
};

/// One number of the model, in units of the inputs.
struct Coefficient {
  std::size_t output = 0;
  std::size_t input = 0;   ///< intercept_input: the intercept
  bool determined = true;  ///< false: the input is a combination of those before it, whose coefficients have its effect
  double estimate = 0;     ///< 0 where not determined, and so what follows
  double standard_error = 0;
  double statistic = 0;  ///< estimate / standard error
  double p_value = 0;    ///< two-sided, of a coefficient of 0
  double lower = 0;      ///< of the confidence interval
  double upper = 0;
};

inline constexpr std::size_t intercept_input = std::numeric_limits<std::size_t>::max();

struct Coefficients {
  std::vector<Coefficient> all;  ///< by output; the intercept first, where there is one in units of the inputs
  /// How far the estimates are from the optimum of the NLL, at most, in standard errors: by the step of Newton's
  /// method.
  double distance = 0;
  std::vector<double> variances;  ///< by output, residual_squares / degrees_of_freedom; empty as these
  double degrees_of_freedom = std::numeric_limits<double>::infinity();  ///< N less the coefficients of an output
};

/// Wald's inference: the covariance is the inverse of the information, times the variance. An input that is constant,
/// or a linear combination of inputs before it, adds nothing, and its coefficient is not determined: the model that is
/// reported is the same, with this coefficient 0. The intercept in units of the inputs, β₀ = b - Σ β_j·mean_j, has its
/// variance from the whole covariance. `level` is that of the confidence intervals, which are Student's where there is
/// a variance. Throws core::UserError if no degrees of freedom are left to tell it.
Coefficients infer(const LinearFit& fit, double level);

}  // namespace cauchy::model

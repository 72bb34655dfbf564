#pragma once
/// Quantiles of distributions. For predictions: nothing that decides parameters depends on their bits.

namespace cauchy::model {

/// Of mean 0 and variance 1.
double normal_quantile(double probability);

/// Of location 0 and scale 1.
double student_t_quantile(double probability, double degrees_of_freedom);

/// The smallest count y with P(Y ≤ y) ≥ probability.
double poisson_quantile(double probability, double mean);

/// As above, of r successes of this probability each: the failures before them.
double negative_binomial_quantile(double probability, double r, double success);

}  // namespace cauchy::model

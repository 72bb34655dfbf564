#pragma once
/// Tails of the normal distribution and of Student's.

namespace cauchy::model {

/// P(|T| ≥ |statistic|) under Student's distribution with so many degrees of freedom, which may be infinite: the normal
/// one. NaN for a statistic that is.
double two_sided_p_value(double statistic, double degrees_of_freedom);

/// The t with P(|T| ≤ t) = level, 0 < level < 1: 1.96 for 0.95 and infinite degrees of freedom.
double critical_value(double level, double degrees_of_freedom);

}  // namespace cauchy::model

// Tails of the normal distribution and of Student's.

#include "cauchy/model/tails.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numbers>

#include "quantiles.hpp"

namespace cauchy::model {

double two_sided_p_value(double statistic, double degrees_of_freedom) {
  const double magnitude = std::abs(statistic);
  if (!std::isfinite(magnitude) || std::isinf(degrees_of_freedom)) {
    return std::erfc(magnitude / std::numbers::sqrt2);
  }
  return 2 * cdf(complement(boost::math::students_t_distribution<double>(degrees_of_freedom), magnitude));
}

double critical_value(double level, double degrees_of_freedom) {
  const double probability = 0.5 + level / 2;
  return std::isinf(degrees_of_freedom) ? normal_quantile(probability)
                                        : student_t_quantile(probability, degrees_of_freedom);
}

}  // namespace cauchy::model

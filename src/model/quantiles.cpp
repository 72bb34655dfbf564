// Quantiles of distributions.

#include "quantiles.hpp"

#include <boost/math/distributions/negative_binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

namespace cauchy::model {
namespace {

namespace policies = boost::math::policies;

// What is beyond a double is infinite, and what does not exist is NaN.
using Policy =
    policies::policy<policies::overflow_error<policies::ignore_error>, policies::domain_error<policies::ignore_error>,
                     policies::evaluation_error<policies::ignore_error>, policies::promote_double<false>,
                     policies::discrete_quantile<policies::integer_round_up>>;

}  // namespace

double normal_quantile(double probability) {
  return quantile(boost::math::normal_distribution<double, Policy>(), probability);
}

double student_t_quantile(double probability, double degrees_of_freedom) {
  return quantile(boost::math::students_t_distribution<double, Policy>(degrees_of_freedom), probability);
}

double poisson_quantile(double probability, double mean) {
  if (!(mean > 0)) {
    return mean;  // 0, or NaN
  }
  return std::isinf(mean) ? mean : quantile(boost::math::poisson_distribution<double, Policy>(mean), probability);
}

double negative_binomial_quantile(double probability, double r, double success) {
  if (!(success < 1)) {
    return success - 1;  // no failure, or NaN
  }
  return quantile(boost::math::negative_binomial_distribution<double, Policy>(r, success), probability);
}

}  // namespace cauchy::model

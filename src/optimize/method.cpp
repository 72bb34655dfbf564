// The choice of a method.

#include "cauchy/optimize/method.hpp"

#include <stdexcept>

namespace cauchy::optimize {

template <typename Real>
std::unique_ptr<Method<Real>> make_method(const MethodOptions& options) {
  if (options.method == "gradient_descent") {
    return make_gradient_descent<Real>(options.learning_rate);
  }
  if (options.method == "momentum") {
    return make_momentum<Real>(options.learning_rate, options.momentum);
  }
  throw std::invalid_argument("no method " + options.method);
}

template std::unique_ptr<Method<float>> make_method(const MethodOptions&);
template std::unique_ptr<Method<double>> make_method(const MethodOptions&);

}  // namespace cauchy::optimize

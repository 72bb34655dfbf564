// Likelihoods by name.

#include "cauchy/model/likelihood.hpp"

#include <stdexcept>

namespace cauchy::model {

template <typename Real>
std::unique_ptr<Likelihood<Real>> make_likelihood(std::string_view name, std::size_t classes,
                                                  std::size_t target_columns) {
  if (name == "categorical") {
    return make_categorical<Real>(classes);
  }
  if (name == "gaussian") {
    return make_gaussian<Real>(target_columns);
  }
  throw std::invalid_argument("no likelihood is named '" + std::string(name) + "'");
}

template std::unique_ptr<Likelihood<float>> make_likelihood(std::string_view, std::size_t, std::size_t);
template std::unique_ptr<Likelihood<double>> make_likelihood(std::string_view, std::size_t, std::size_t);

}  // namespace cauchy::model

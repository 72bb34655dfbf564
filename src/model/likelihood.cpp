// Likelihoods by name.

#include "cauchy/model/likelihood.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace cauchy::model {
namespace {

/// What decides a likelihood beside its name.
struct Shape {
  std::size_t classes;
  std::size_t target_columns;
  double degrees_of_freedom;
  const TargetScale& scale;
};

template <typename Real>
struct Entry {
  std::string_view name;
  std::string_view targets;  ///< what they are
  std::unique_ptr<Likelihood<Real>> (*make)(const Shape& shape);
};

/// Makes a likelihood of so many target columns.
template <typename Real, std::unique_ptr<Likelihood<Real>> (*Make)(std::size_t columns)>
std::unique_ptr<Likelihood<Real>> of_columns(const Shape& shape) {
  return Make(shape.target_columns);
}

/// Makes a likelihood of so many columns of measurements.
template <typename Real, std::unique_ptr<Likelihood<Real>> (*Make)(std::size_t columns, TargetScale scale)>
std::unique_ptr<Likelihood<Real>> of_measurements(const Shape& shape) {
  return Make(shape.target_columns, shape.scale);
}

template <typename Real>
std::unique_ptr<Likelihood<Real>> of_classes(const Shape& shape) {
  return make_categorical<Real>(shape.classes);
}

template <typename Real>
std::unique_ptr<Likelihood<Real>> of_degrees_of_freedom(const Shape& shape) {
  return make_student_t<Real>(shape.target_columns, shape.degrees_of_freedom, shape.scale);
}

/// A line here is all that a new likelihood needs beside its file.
template <typename Real>
constexpr std::array table{
    Entry<Real>{"categorical", "classes 0, 1, 2, ...", of_classes<Real>},
    Entry<Real>{"bernoulli", "0 or 1, one or several", of_columns<Real, make_bernoulli<Real>>},
    Entry<Real>{"gaussian", "measurements, variance 1", of_measurements<Real, make_gaussian<Real>>},
    Entry<Real>{"gaussian_heteroscedastic", "measurements, learned variance",
                of_measurements<Real, make_gaussian_heteroscedastic<Real>>},
    Entry<Real>{"poisson", "counts", of_columns<Real, make_poisson<Real>>},
    Entry<Real>{"negative_binomial", "counts, learned dispersion", of_columns<Real, make_negative_binomial<Real>>},
    Entry<Real>{"laplace", "measurements, median", of_measurements<Real, make_laplace<Real>>},
    Entry<Real>{"student_t", "measurements with outliers", of_degrees_of_freedom<Real>},
};

}  // namespace

template <typename Real>
void Likelihood<Real>::quantile(double /*probability*/, MatrixView<const Real> /*outputs*/,
                                std::span<const Real> /*exposure*/, MatrixView<Real> /*result*/) const {
  throw std::logic_error("this likelihood has no quantiles");
}

template <typename Real>
std::unique_ptr<Likelihood<Real>> make_likelihood(std::string_view name, std::size_t classes,
                                                  std::size_t target_columns, double degrees_of_freedom,
                                                  const TargetScale& scale) {
  const auto entry = std::ranges::find(table<Real>, name, &Entry<Real>::name);
  if (entry == table<Real>.end()) {
    throw std::invalid_argument("no likelihood is named '" + std::string(name) + "'");
  }
  return entry->make({classes, target_columns, degrees_of_freedom, scale});
}

std::vector<std::string> likelihood_names() {
  std::vector<std::string> names;
  names.reserve(table<double>.size());
  for (const auto& entry : table<double>) {
    names.emplace_back(entry.name);
  }
  return names;
}

std::string likelihood_help() {
  std::string text;
  for (const auto& entry : table<double>) {
    text += (text.empty() ? "" : ", ") + std::string(entry.name) + " (" + std::string(entry.targets) + ")";
  }
  return text;
}

template class Likelihood<float>;
template class Likelihood<double>;
template std::unique_ptr<Likelihood<float>> make_likelihood(std::string_view, std::size_t, std::size_t, double,
                                                            const TargetScale&);
template std::unique_ptr<Likelihood<double>> make_likelihood(std::string_view, std::size_t, std::size_t, double,
                                                             const TargetScale&);

}  // namespace cauchy::model

#pragma once
/// From the numbers in a file to those in memory, for readers of all formats.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>

#include "cauchy/core/error.hpp"
#include "cauchy/data/source.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/linear_algebra/matrix_view.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::data {

/// Refusals of the file system and of HDF5 in a file that the user named are the user's to mend.
template <typename Work>
auto with_user_errors(const Source& source, Work work) {
  try {
    return work();
  } catch (const storage::StorageError& error) {
    throw core::UserError(source.key + ": " + error.what());
  } catch (const std::bad_alloc&) {
    throw core::UserError(at(source) + "its rows do not fit into memory");
  } catch (const std::length_error&) {
    throw core::UserError(at(source) + "its rows do not fit into memory");
  }
}

/// Calls work.template operator()<Element>() with the type that a dataset's elements have in the file, if it is one
/// that many data have; with double, into which HDF5 converts, for the others.
template <typename Work>
void with_element_type(storage::ElementType type, Work work) {
  switch (type) {
    case storage::ElementType::float32:
      return work.template operator()<float>();
    case storage::ElementType::uint8:
      return work.template operator()<std::uint8_t>();
    default:
      return work.template operator()<double>();
  }
}

/// "1e+300, beyond the range of a float (…)", of a number that does not fit Real.
template <typename Real>
std::string beyond_range(double value, bool is_standardized) {
  std::ostringstream what;
  what << (is_standardized ? "a number that standardises to " : "") << value
       << (sizeof(Real) == sizeof(float) ? ", beyond the range of a float (run.precision = double has a larger one),"
                                         : ", beyond the range of a double,");
  return what.str();
}

/// One row. Pointers of its own let the compiler make vector instructions of it.
template <typename Real, typename Element>
void standardize(const Element* values, const Standardization& standardization, std::size_t columns, Real* result) {
  const double* const mean = standardization.mean.data();
  const double* const scale = standardization.scale.data();
  for (std::size_t column = 0; column < columns; ++column) {
    result[column] = static_cast<Real>((static_cast<double>(values[column]) - mean[column]) * scale[column]);
  }
}

/// Standardises, unless there is nothing to do it with, and rounds to Real. Calls fail(row, column, what), which
/// throws, for the first number beyond the range of Real; rows count from the first of these values.
template <typename Real, typename Element, typename Fail>
void convert(linear_algebra::MatrixView<const Element> values, const Standardization* standardization, Real* target,
             Fail fail) {
  if (standardization == nullptr) {
    std::transform(values.data, values.data + values.size(), target,
                   [](Element value) { return static_cast<Real>(static_cast<double>(value)); });
  } else {
    for (std::size_t row = 0; row < values.rows; ++row) {
      standardize(values.row(row), *standardization, values.columns, target + row * values.columns);
    }
  }
  if (values.columns == 0 || linear_algebra::all_finite<Real>({target, values.size()})) {
    return;
  }
  std::uint64_t i = 0;
  while (std::isfinite(target[i])) {
    ++i;
  }
  const std::uint64_t column = i % values.columns;
  const auto value = static_cast<double>(values.data[i]);
  fail(i / values.columns, column,
       standardization == nullptr ? beyond_range<Real>(value, false)
                                  : beyond_range<Real>(standardization->of(value, column), true));
}

/// Throws an agreed core::UserError if the source names weights or exposure, for formats that have no place for them.
inline void refuse_one_each(const Source& source) {
  if (!source.weights.empty() || !source.exposure.empty()) {
    throw core::UserError(at(source) +
                          "its format has no place for data.weights or data.exposure; HDF5 and tables have")
        .as_agreed();
  }
}

}  // namespace cauchy::data

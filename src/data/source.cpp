// A data set in an HDF5 file.

#include "cauchy/data/source.hpp"

#include <cmath>
#include <filesystem>
#include <functional>
#include <numeric>
#include <span>

#include "cauchy/core/error.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::data {
namespace {

std::string at(const Source& source) {
  return source.key + " = " + source.path + ": ";
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text = "(";
  for (const std::uint64_t extent : shape) {
    text += (text.size() > 1 ? " × " : "") + std::to_string(extent);
  }
  return text + ")";
}

storage::File open(const Source& source) {
  std::error_code ignored;
  if (!std::filesystem::exists(source.path, ignored)) {
    throw core::UserError(at(source) + "no such file");
  }
  if (std::filesystem::is_directory(source.path, ignored)) {
    throw core::UserError(at(source) + "is a folder, not an HDF5 file");
  }
  if (!storage::is_hdf5(source.path)) {
    throw core::UserError(at(source) + "is not an HDF5 file; `cauchy convert` makes one from other formats");
  }
  return storage::File::open(source.path);
}

storage::DatasetInfo numeric_dataset(const storage::File& file, const Source& source, const std::string& name,
                                     const std::string& option) {
  if (!file.has(name) || file.is_group(name)) {
    std::string members;
    for (const std::string& member : file.members("/")) {
      members += (members.empty() ? "" : ", ") + member;
    }
    throw core::UserError(at(source) + "no dataset /" + name + " (" + option +
                          "); the file holds: " + (members.empty() ? "nothing" : members));
  }
  storage::DatasetInfo info = file.info(name);
  if (info.type == storage::ElementType::other) {
    throw core::UserError(at(source) + "/" + name +
                          " does not hold numbers (integers of 8 to 64 bits, float32 or float64)");
  }
  if (info.shape.empty()) {
    throw core::UserError(at(source) + "/" + name + " is a single number; rows of samples are needed");
  }
  return info;
}

std::uint64_t columns(const std::vector<std::uint64_t>& shape) {
  return std::accumulate(shape.begin() + 1, shape.end(), std::uint64_t{1}, std::multiplies<>());
}

// HDF5's errors in a file that the user named are the user's to mend.
template <typename Work>
auto with_user_errors(const Source& source, Work work) {
  try {
    return work();
  } catch (const storage::StorageError& error) {
    throw core::UserError(source.key + ": " + error.what());
  }
}

template <typename Real>
void check_finite(const Source& source, const std::string& name, linear_algebra::MatrixView<const Real> values,
                  std::uint64_t first_row) {
  for (std::size_t row = 0; row < values.rows; ++row) {
    for (std::size_t column = 0; column < values.columns; ++column) {
      const Real value = values(row, column);
      if (!std::isfinite(value)) {
        throw core::UserError(at(source) + "/" + name + " holds " + (std::isnan(value) ? "NaN" : "an infinite value") +
                              " at row " + std::to_string(first_row + row) + ", column " + std::to_string(column) +
                              " (counted from 0)");
      }
    }
  }
}

}  // namespace

SourceShape source_shape(const Source& source) {
  return with_user_errors(source, [&] {
    const storage::File file = open(source);
    const storage::DatasetInfo features = numeric_dataset(file, source, source.features, "data.features");
    const storage::DatasetInfo targets = numeric_dataset(file, source, source.targets, "data.targets");
    const SourceShape shape{features.shape[0], columns(features.shape), columns(targets.shape)};
    if (features.shape[0] != targets.shape[0]) {
      throw core::UserError(at(source) + "row counts differ: /" + source.features + " is " +
                            shape_text(features.shape) + ", /" + source.targets + " is " + shape_text(targets.shape));
    }
    if (shape.rows == 0 || shape.inputs == 0 || shape.target_columns == 0) {
      throw core::UserError(at(source) + "is empty: /" + source.features + " is " + shape_text(features.shape) + ", /" +
                            source.targets + " is " + shape_text(targets.shape));
    }
    return shape;
  });
}

template <typename Real>
Samples<Real> read_samples(const Source& source, const SourceShape& shape, Range rows) {
  return with_user_errors(source, [&] {
    Samples<Real> samples{rows, shape.inputs, shape.target_columns, {}, {}};
    if (rows.size() == 0) {
      return samples;
    }
    const storage::File file = open(source);
    samples.features.resize(rows.size() * shape.inputs);
    samples.targets.resize(rows.size() * shape.target_columns);
    file.read_rows<Real>(source.features, rows.first, rows.size(), samples.features);
    file.read_rows<Real>(source.targets, rows.first, rows.size(), samples.targets);
    check_finite<Real>(source, source.features, samples.feature_matrix(), rows.first);
    check_finite<Real>(source, source.targets, samples.target_matrix(), rows.first);
    return samples;
  });
}

template Samples<float> read_samples(const Source&, const SourceShape&, Range);
template Samples<double> read_samples(const Source&, const SourceShape&, Range);

}  // namespace cauchy::data

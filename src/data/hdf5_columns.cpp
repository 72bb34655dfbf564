// Numbers of HDF5 datasets that stand side by side.

#include "hdf5_columns.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <type_traits>

#include "cauchy/core/error.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "conversion.hpp"
#include "text_number.hpp"

namespace cauchy::data {
namespace {

using linear_algebra::MatrixView;

// Few calls of HDF5 (two megabytes of doubles), and what is read is still in the cache when it is converted.
constexpr std::uint64_t piece_elements = std::uint64_t{1} << 18;

storage::DatasetInfo numeric_dataset(const storage::File& file, const Source& source, const std::string& name,
                                     const std::string& option) {
  const bool is_group = file.has(name) && file.is_group(name);
  if (is_group || !file.has(name)) {
    std::string members;
    for (const std::string& member : file.members("/")) {
      members += (members.empty() ? "" : ", ") + member;
    }
    throw core::UserError(at(source) + "no dataset /" + name + " (" + option + ")" +
                          (is_group ? " but a group, which, if its features are sparse, stands alone" : "") +
                          "; the file holds: " + (members.empty() ? "nothing" : members));
  }
  storage::DatasetInfo info = file.info(name);
  if (info.type == storage::ElementType::other) {
    throw core::UserError(at(source) + "/" + name + " does not hold numbers (integers, real numbers or bool)");
  }
  if (info.shape.empty()) {
    throw core::UserError(at(source) + "/" + name + " is a single number; rows of samples are needed");
  }
  return info;
}

std::uint64_t columns_of(const std::vector<std::uint64_t>& shape) {
  return std::accumulate(shape.begin() + 1, shape.end(), std::uint64_t{1}, std::multiplies<>());
}

}  // namespace

void require_whole(const storage::File& file, const Source& source, const std::string& name) {
  if (!file.is_whole(name)) {
    throw core::UserError(at(source) + "/" + name +
                          " was not written as a whole: the file has no space for some of its rows, or for all, which "
                          "would be read as zeros");
  }
}

void Hdf5Columns::require_whole() const {
  for (const Dataset& dataset : datasets_) {
    data::require_whole(file_, source_, dataset.name);
  }
}

bool has_datasets(const storage::File& file, const std::string& list) {
  return std::ranges::all_of(split_list(list), [&](const std::string& name) { return file.has(name); });
}

std::string dataset_paths(const std::string& list) {
  std::string paths;
  for (const std::string& name : split_list(list)) {
    paths += (paths.empty() ? "/" : ", /") + name;
  }
  return paths;
}

Hdf5Columns::Hdf5Columns(const storage::File& file, const Source& source, const std::string& list,
                         const std::string& option)
    : file_(file), source_(source) {
  for (const std::string& name : split_list(list)) {
    storage::DatasetInfo info = numeric_dataset(file, source, name, option);
    const std::uint64_t columns = columns_of(info.shape);
    columns_ += columns;
    types_.push_back(info.type);
    datasets_.push_back({name, std::move(info.shape), columns});
  }
  if (datasets_.empty()) {
    throw core::UserError(at(source) + option + " names no dataset");
  }
  if (std::ranges::any_of(datasets_, [&](const Dataset& dataset) { return dataset.shape[0] != rows(); })) {
    throw core::UserError(at(source) + "row counts differ: " + shapes());
  }
}

std::string Hdf5Columns::shapes() const {
  std::string text;
  for (const Dataset& dataset : datasets_) {
    text += (text.empty() ? "/" : ", /") + dataset.name + " is (" + storage::shape_text(dataset.shape) + ")";
  }
  return text;
}

std::vector<std::string> Hdf5Columns::names() const {
  std::vector<std::string> names;
  for (const Dataset& dataset : datasets_) {
    for (std::uint64_t column = 0; column < dataset.columns; ++column) {
      names.push_back(dataset.columns == 1 ? dataset.name : dataset.name + "[" + std::to_string(column) + "]");
    }
  }
  return names;
}

template <typename Real>
void Hdf5Columns::read(Range rows, const Standardization* standardization, Real* target) const {
  with_element_type(type(), [&]<typename Element>() {
    if constexpr (std::is_same_v<Element, Real>) {
      if (standardization == nullptr) {
        // No copy between.
        const MatrixView<Real> all{target, rows.size(), columns_};
        for (std::uint64_t first = 0; first < rows.size(); first += piece_rows()) {
          read_piece(rows.first + first, all.middle_rows(first, std::min(piece_rows(), rows.size() - first)));
        }
        return;
      }
    }
    for_each_piece_as<Element>(rows, [&](std::uint64_t first, MatrixView<const Element> values) {
      convert(values, standardization, target + (first - rows.first) * columns_,
              [&](std::uint64_t row, std::uint64_t column, const std::string& what) {
                if (!source_.any_value) {
                  fail(first + row, column, what);
                }
              });
    });
  });
}

void Hdf5Columns::for_each_piece(Range rows, const Visitor& visit) const {
  linear_algebra::AlignedVector<double> converted;
  with_element_type(type(), [&]<typename Element>() {
    for_each_piece_as<Element>(rows, [&](std::uint64_t first, MatrixView<const Element> values) {
      if constexpr (std::is_same_v<Element, double>) {
        visit(first, values);
      } else {
        converted.resize(values.size());
        std::copy_n(values.data, values.size(), converted.data());
        visit(first, {converted.data(), values.rows, values.columns});
      }
    });
  });
}

std::uint64_t Hdf5Columns::piece_rows() const {
  return std::max<std::uint64_t>(1, piece_elements / std::max<std::uint64_t>(1, columns_));
}

/// Where datasets differ, double, which holds what any of them has.
storage::ElementType Hdf5Columns::type() const {
  const bool are_equal = std::ranges::all_of(types_, [&](storage::ElementType type) { return type == types_[0]; });
  return are_equal ? types_[0] : storage::ElementType::float64;
}

template <typename Element, typename Visit>
void Hdf5Columns::for_each_piece_as(Range rows, Visit visit) const {
  linear_algebra::AlignedVector<Element> values(std::min(piece_rows(), rows.size()) * columns_);
  for (std::uint64_t first = rows.first; first < rows.last; first += piece_rows()) {
    const MatrixView<Element> piece{values.data(), std::min(piece_rows(), rows.last - first), columns_};
    read_piece(first, piece);
    visit(first, MatrixView<const Element>(piece));
  }
}

template <typename Element>
void Hdf5Columns::read_piece(std::uint64_t first, MatrixView<Element> piece) const {
  if (datasets_.size() == 1) {
    file_.read_rows<Element>(datasets_[0].name, first, piece.rows, piece.elements());
  } else {
    linear_algebra::AlignedVector<Element> values;
    std::uint64_t column = 0;
    for (const Dataset& dataset : datasets_) {
      values.resize(piece.rows * dataset.columns);
      file_.read_rows<Element>(dataset.name, first, piece.rows, values);
      for (std::size_t row = 0; row < piece.rows; ++row) {
        std::copy_n(values.data() + row * dataset.columns, dataset.columns, piece.row(row) + column);
      }
      column += dataset.columns;
    }
  }
  require_finite<Element>(first, piece);
}

template <typename Element>
void Hdf5Columns::require_finite(std::uint64_t first, MatrixView<const Element> piece) const {
  if constexpr (std::is_floating_point_v<Element>) {
    if (source_.any_value || linear_algebra::all_finite<Element>(piece.elements())) {
      return;
    }
    std::uint64_t i = 0;
    while (std::isfinite(piece.data[i])) {
      ++i;
    }
    fail(first + i / piece.columns, i % piece.columns, std::isnan(piece.data[i]) ? "NaN" : "an infinite value");
  }
}

void Hdf5Columns::fail(std::uint64_t row, std::uint64_t column, const std::string& what) const {
  std::size_t i = 0;
  for (; column >= datasets_[i].columns; ++i) {
    column -= datasets_[i].columns;
  }
  throw core::UserError(at(source_) + "/" + datasets_[i].name + " holds " + what + " at row " + std::to_string(row) +
                        ", column " + std::to_string(column) + " (counted from 0)");
}

template void Hdf5Columns::read(Range, const Standardization*, float*) const;
template void Hdf5Columns::read(Range, const Standardization*, double*) const;

}  // namespace cauchy::data

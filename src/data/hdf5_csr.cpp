// Sparse features in HDF5 files.

#include "hdf5_csr.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "conversion.hpp"
#include "hdf5_columns.hpp"

namespace cauchy::data {
namespace {

using linear_algebra::SparseMatrix;

// As many as are still in the cache when they are converted, in few calls of HDF5.
constexpr std::uint64_t piece_elements = std::uint64_t{1} << 18;
constexpr std::uint64_t most_columns = std::uint64_t{1} << 32;

std::string array_name(const Source& source, const std::string& array) {
  return "/" + source.features + "/" + array;
}

[[noreturn]] void fail(const Source& source, const std::string& what) {
  throw core::UserError(at(source) + what);
}

/// "… at row 3, element 17 (counted from 0)"
[[noreturn]] void fail_at(const Source& source, const std::string& what, std::uint64_t row, std::uint64_t element) {
  fail(source, what + " at row " + std::to_string(row) + ", element " + std::to_string(element) + " (counted from 0)");
}

bool is_integer(storage::ElementType type) {
  return type <= storage::ElementType::uint64;
}

/// The length of one of the arrays.
std::uint64_t array_length(const storage::File& file, const Source& source, const std::string& array) {
  const std::string name = array_name(source, array);
  if (!file.has(name) || file.is_group(name)) {
    fail(source, "/" + source.features + " is a group without a dataset " + array +
                     "; sparse features are indptr, indices and values, with an attribute shape");
  }
  const storage::DatasetInfo info = file.info(name);
  if (info.shape.size() != 1) {
    fail(source, name + " is no list of numbers: its shape is (" + storage::shape_text(info.shape) + ")");
  }
  if (array == "values" ? info.type == storage::ElementType::other : !is_integer(info.type)) {
    fail(source, name + " holds no " + (array == "values" ? "numbers" : "integers"));
  }
  require_whole(file, source, array_name(source, array).substr(1));
  return info.shape[0];
}

/// Calls visit(first element, elements) with pieces of an array, read as T.
template <typename T, typename Visit>
void for_each_array_piece(const storage::File& file, const std::string& name, Range elements, Visit visit) {
  linear_algebra::AlignedVector<T> buffer(std::min(piece_elements, elements.size()));
  for (std::uint64_t first = elements.first; first < elements.last; first += piece_elements) {
    const std::span<T> piece = std::span(buffer).first(std::min(piece_elements, elements.last - first));
    file.read_rows<T>(name, first, piece.size(), piece);
    visit(first, std::span<const T>(piece));
  }
}

/// Where the elements of rows start in the file, (rows + 1).
void read_starts(const storage::File& file, const Source& source, const CsrShape& shape, Range rows,
                 linear_algebra::UnsetVector<std::uint64_t>& starts) {
  const std::string name = array_name(source, "indptr");
  starts.clear();
  starts.reserve(rows.size() + 1);
  std::int64_t previous = 0;
  for_each_array_piece<std::int64_t>(
      file, name, {rows.first, rows.last + 1}, [&](std::uint64_t first, std::span<const std::int64_t> piece) {
        for (std::size_t i = 0; i < piece.size(); ++i) {
          if (piece[i] < previous || static_cast<std::uint64_t>(piece[i]) > shape.elements) {
            fail(source, name + " holds " + std::to_string(piece[i]) + " at place " + std::to_string(first + i) +
                             " (counted from 0); it must ascend from 0 to " + std::to_string(shape.elements) +
                             ", and comes from " + std::to_string(previous));
          }
          previous = piece[i];
          starts.push_back(static_cast<std::uint64_t>(piece[i]));
        }
      });
}

/// The rows of a piece of a matrix, in the words of the whole one.
template <typename Real>
struct Piece {
  const storage::File& file;
  const Source& source;
  const CsrShape& shape;
  Range rows;
  Range elements;
  SparseMatrix<Real>& matrix;  ///< starts as in the file, until all is read

  std::uint64_t row_of(std::uint64_t element) const {
    const auto after = std::upper_bound(matrix.starts.begin(), matrix.starts.end(), element);
    return rows.first + static_cast<std::uint64_t>(after - matrix.starts.begin()) - 1;
  }
};

template <typename Integer, typename Real>
void read_indices_as(const Piece<Real>& piece) {
  const std::string name = array_name(piece.source, "indices");
  for_each_array_piece<Integer>(
      piece.file, name, piece.elements, [&](std::uint64_t first, std::span<const Integer> columns) {
        std::uint32_t* const target = piece.matrix.indices.data() + (first - piece.elements.first);
        for (std::size_t i = 0; i < columns.size(); ++i) {
          if (columns[i] < 0 || static_cast<std::uint64_t>(columns[i]) >= piece.shape.columns) {
            fail_at(
                piece.source,
                name + " holds the column " + std::to_string(columns[i]) + " of " + std::to_string(piece.shape.columns),
                piece.row_of(first + i), first + i);
          }
          target[i] = static_cast<std::uint32_t>(columns[i]);
        }
      });
}

template <typename Real>
void require_ascending(const Piece<Real>& piece) {
  const SparseMatrix<Real>& matrix = piece.matrix;
  for (std::size_t row = 0; row < matrix.rows(); ++row) {
    for (std::uint64_t i = matrix.starts[row] + 1; i < matrix.starts[row + 1]; ++i) {
      const std::uint64_t place = i - piece.elements.first;
      if (matrix.indices[place] <= matrix.indices[place - 1]) {
        fail_at(piece.source,
                array_name(piece.source, "indices") + " holds the column " + std::to_string(matrix.indices[place]) +
                    " after " + std::to_string(matrix.indices[place - 1]) +
                    ", where columns must ascend (scipy's sum_duplicates() sorts them),",
                piece.rows.first + row, i);
      }
    }
  }
}

template <typename Real>
void read_indices(const Piece<Real>& piece) {
  if (piece.file.info(array_name(piece.source, "indices")).type == storage::ElementType::int32) {
    read_indices_as<std::int32_t>(piece);
  } else {
    read_indices_as<std::int64_t>(piece);
  }
  require_ascending(piece);
}

/// Throws at the first of some numbers from `first` on that is not finite.
template <typename Real, typename Element>
void require_finite(const Piece<Real>& piece, std::uint64_t first, std::span<const Element> values) {
  if constexpr (std::is_floating_point_v<Element>) {
    if (piece.source.any_value || linear_algebra::all_finite<Element>(values)) {
      return;
    }
    const auto bad = std::ranges::find_if(values, [](Element value) { return !std::isfinite(value); });
    const std::uint64_t element = first + static_cast<std::uint64_t>(bad - values.begin());
    fail_at(piece.source,
            array_name(piece.source, "values") + " holds " + (std::isnan(*bad) ? "NaN" : "an infinite value") +
                " in column " + std::to_string(piece.matrix.indices[element - piece.elements.first]),
            piece.row_of(element), element);
  }
}

template <typename Element, typename Real>
void read_values_as(const Piece<Real>& piece, const Standardization* standardization) {
  const std::string name = array_name(piece.source, "values");
  for_each_array_piece<Element>(
      piece.file, name, piece.elements, [&](std::uint64_t first, std::span<const Element> values) {
        require_finite(piece, first, values);
        const std::uint64_t place = first - piece.elements.first;
        const std::uint32_t* const columns = piece.matrix.indices.data() + place;
        const auto number = [&](std::size_t i) {
          const auto value = static_cast<double>(values[i]);
          return standardization == nullptr ? value : standardization->of(value, columns[i]);
        };
        Real* const target = piece.matrix.values.data() + place;
        for (std::size_t i = 0; i < values.size(); ++i) {
          target[i] = static_cast<Real>(number(i));
        }
        if (piece.source.any_value || linear_algebra::all_finite<Real>({target, values.size()})) {
          return;
        }
        std::size_t bad = 0;
        while (std::isfinite(target[bad])) {
          ++bad;
        }
        fail_at(piece.source,
                name + " holds " + beyond_range<Real>(number(bad), standardization != nullptr) + " in column " +
                    std::to_string(columns[bad]),
                piece.row_of(first + bad), first + bad);
      });
}

void require_no_shift(const Source& source, const Standardization& standardization) {
  const auto shifted = std::ranges::find_if(standardization.mean, [](double mean) { return mean != 0; });
  if (shifted != standardization.mean.end()) {
    fail(source,
         "/" + source.features + " is sparse, and the model's standardisation shifts features (column " +
             std::to_string(shifted - standardization.mean.begin()) + " by " + std::to_string(-*shifted) +
             "), since it was trained on dense ones: sparse features would lose their zeros; store them as dense ones");
  }
}

}  // namespace

bool is_csr(const storage::File& file, const Source& source) {
  return file.has(source.features) && file.is_group(source.features) &&
         std::ranges::any_of(std::array{"indptr", "indices", "values"},
                             [&](const char* array) { return file.has(array_name(source, array)); });
}

CsrShape csr_shape(const storage::File& file, const Source& source) {
  const std::uint64_t starts = array_length(file, source, "indptr");
  const std::uint64_t indices = array_length(file, source, "indices");
  const std::uint64_t values = array_length(file, source, "values");
  const std::string group = "/" + source.features;
  const std::vector<std::string> attributes = file.attributes(source.features);
  if (std::ranges::find(attributes, "shape") == attributes.end()) {
    fail(source, group + " has no attribute shape, which tells the rows and columns of sparse features");
  }
  const auto shape = file.read_attribute<std::vector<std::uint64_t>>(source.features, "shape");
  if (shape.size() != 2) {
    fail(source, "the attribute shape of " + group + " should be two numbers, rows and columns");
  }
  if (indices != values) {
    fail(source, array_name(source, "indices") + " has " + std::to_string(indices) + " elements, " +
                     array_name(source, "values") + " has " + std::to_string(values));
  }
  if (starts == 0 || starts - 1 != shape[0]) {
    fail(source, array_name(source, "indptr") + " has " + std::to_string(starts) + " elements; " +
                     std::to_string(shape[0]) + " rows need one more than there are rows");
  }
  if (shape[1] > most_columns) {
    fail(source, group + " has " + std::to_string(shape[1]) + " columns; at most 4294967296 are possible");
  }
  std::array<std::int64_t, 2> ends{};
  file.read_rows<std::int64_t>(array_name(source, "indptr"), 0, 1, std::span(ends).first(1));
  file.read_rows<std::int64_t>(array_name(source, "indptr"), starts - 1, 1, std::span(ends).last(1));
  if (ends[0] != 0 || ends[1] < 0 || static_cast<std::uint64_t>(ends[1]) != values) {
    fail(source, array_name(source, "indptr") + " goes from " + std::to_string(ends[0]) + " to " +
                     std::to_string(ends[1]) + "; it should go from 0 to the " + std::to_string(values) +
                     " elements of " + array_name(source, "values"));
  }
  return {shape[0], shape[1], values};
}

template <typename Real>
void read_csr(const storage::File& file, const Source& source, const CsrShape& shape, Range rows,
              const Standardization* standardization, SparseMatrix<Real>& matrix) {
  if (standardization != nullptr) {
    require_no_shift(source, *standardization);
  }
  matrix.columns = shape.columns;
  read_starts(file, source, shape, rows, matrix.starts);
  const Piece<Real> piece{file, source, shape, rows, {matrix.starts.front(), matrix.starts.back()}, matrix};
  matrix.indices.resize(piece.elements.size());
  matrix.values.resize(piece.elements.size());
  read_indices(piece);
  with_element_type(file.info(array_name(source, "values")).type,
                    [&]<typename Element>() { read_values_as<Element>(piece, standardization); });
  for (std::uint64_t& start : matrix.starts) {
    start -= piece.elements.first;
  }
}

void for_each_csr_piece(const storage::File& file, const Source& source, const CsrShape& shape, Range rows,
                        const FeatureVisitor& visit) {
  const std::uint64_t piece_rows =
      std::clamp<std::uint64_t>(piece_elements * shape.rows / std::max<std::uint64_t>(1, shape.elements), 1, 65536);
  SparseMatrix<double> piece;
  for (std::uint64_t first = rows.first; first < rows.last; first += piece_rows) {
    read_csr(file, source, shape, {first, std::min(rows.last, first + piece_rows)}, nullptr, piece);
    visit(first, piece.view());
  }
}

template void read_csr(const storage::File&, const Source&, const CsrShape&, Range, const Standardization*,
                       SparseMatrix<float>&);
template void read_csr(const storage::File&, const Source&, const CsrShape&, Range, const Standardization*,
                       SparseMatrix<double>&);

}  // namespace cauchy::data

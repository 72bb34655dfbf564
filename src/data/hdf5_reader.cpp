// Data sets in HDF5 files.

#include "cauchy/data/hdf5_reader.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/matrix_view.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "cauchy/storage/file.hpp"
#include "conversion.hpp"
#include "hdf5_csr.hpp"

namespace cauchy::data {

using linear_algebra::MatrixView;

namespace {

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  return "(" + storage::shape_text(shape) + ")";
}

void require_file(const Source& source) {
  std::error_code error;
  if (!std::filesystem::exists(source.path, error)) {
    throw core::UserError(at(source) + (error ? error.message() : "no such file"));
  }
  if (std::filesystem::is_directory(source.path, error)) {
    throw core::UserError(at(source) + "is a folder, not an HDF5 file");
  }
}

template <typename Work>
void with_hint_to_convert(Work work) {
  try {
    work();
  } catch (const storage::StorageError& error) {
    throw storage::StorageError(std::string(error.what()) + " (hint: make the file anew with `cauchy convert`)");
  }
}

storage::File open(const Source& source) {
  require_file(source);
  if (!storage::is_hdf5(source.path)) {
    throw core::UserError(at(source) + "is not an HDF5 file; `cauchy convert` makes one from other formats");
  }
  storage::File file = storage::File::open(source.path);
  if (!storage::is_sealed(source.path, sealed_data)) {
    with_hint_to_convert([&] { storage::require_unsealed(file); });
  }
  return file;
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

std::string fault(const Source& source, const std::string& name, std::uint64_t row, std::uint64_t column,
                  const std::string& what) {
  return at(source) + "/" + name + " holds " + what + " at row " + std::to_string(row) + ", column " +
         std::to_string(column) + " (counted from 0)";
}

template <typename Element>
void require_finite(const Source& source, const std::string& name, std::uint64_t first_row,
                    MatrixView<const Element> values) {
  if constexpr (std::is_floating_point_v<Element>) {
    if (source.any_value || linear_algebra::all_finite<Element>(values.elements())) {
      return;
    }
    std::uint64_t i = 0;
    while (std::isfinite(values.data[i])) {
      ++i;
    }
    throw core::UserError(fault(source, name, first_row + i / values.columns, i % values.columns,
                                std::isnan(values.data[i]) ? "NaN" : "an infinite value"));
  }
}

// Few calls of HDF5 (two megabytes of doubles), and what is read is still in the cache when it is converted.
constexpr std::uint64_t piece_elements = std::uint64_t{1} << 18;

std::uint64_t rows_of_piece(std::uint64_t columns) {
  return std::max<std::uint64_t>(1, piece_elements / columns);
}

/// Cuts rows into pieces. visit(first row, rows).
template <typename Visit>
void for_each_range(Range rows, std::uint64_t columns, Visit visit) {
  const std::uint64_t piece_rows = rows_of_piece(columns);
  for (std::uint64_t first = rows.first; first < rows.last; first += piece_rows) {
    visit(first, std::min(piece_rows, rows.last - first));
  }
}

/// Rows of one dataset, (some rows × columns), piece by piece. visit(first row, values).
template <typename Element, typename Visit>
void read_pieces(const storage::File& file, const Source& source, const std::string& name, std::uint64_t columns,
                 Range rows, Visit visit) {
  linear_algebra::AlignedVector<Element> values(std::min(rows_of_piece(columns), rows.size()) * columns);
  for_each_range(rows, columns, [&](std::uint64_t first, std::uint64_t count) {
    const MatrixView<Element> piece{values.data(), count, columns};
    file.read_rows<Element>(name, first, count, piece.elements());
    require_finite<Element>(source, name, first, piece);
    visit(first, MatrixView<const Element>(piece));
  });
}

/// Rows of one dataset as Real, standardised unless there is nothing to do it with.
template <typename Real, typename Element>
void read_dataset(const storage::File& file, const Source& source, const std::string& name, std::uint64_t columns,
                  Range rows, const Standardization* standardization, Real* target) {
  if constexpr (std::is_same_v<Element, Real>) {
    if (standardization == nullptr) {
      for_each_range(rows, columns, [&](std::uint64_t first, std::uint64_t count) {
        const MatrixView<Real> piece{target + (first - rows.first) * columns, count, columns};
        file.read_rows<Real>(name, first, count, piece.elements());
        require_finite<Real>(source, name, first, piece);
      });
      return;
    }
  }
  read_pieces<Element>(file, source, name, columns, rows, [&](std::uint64_t first, MatrixView<const Element> values) {
    Real* const place = target + (first - rows.first) * columns;
    convert(values, standardization, place, [&](std::uint64_t row, std::uint64_t column, const std::string& what) {
      if (!source.any_value) {
        throw core::UserError(fault(source, name, first + row, column, what));
      }
    });
  });
}

/// A dataset of one number a row, if there is one of that name.
void require_one_each(const storage::File& file, const Source& source, const std::string& name,
                      const std::string& option, std::uint64_t rows) {
  if (name.empty()) {
    return;
  }
  const storage::DatasetInfo info = numeric_dataset(file, source, name, option);
  if (info.shape[0] != rows || columns(info.shape) != 1) {
    throw core::UserError(at(source) + "/" + name + " (" + option + ") is " + shape_text(info.shape) +
                          "; one number for each of the " + std::to_string(rows) + " samples is needed");
  }
}

}  // namespace

void verify(const communication::Communicator& ranks, const Source& source) {
  const core::Doing doing("reading data");
  std::optional<storage::SealedFile> file;
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(ranks.size()), 0);
  communication::agree(ranks, [&] {
    with_user_errors(source, [&] {
      require_file(source);
      if (storage::is_sealed(source.path, sealed_data)) {
        with_hint_to_convert([&] { file.emplace(source.path, sealed_data); });
        const auto rank = static_cast<std::uint64_t>(ranks.rank());
        sums[rank] = file->sum_of_part(rank, sums.size());
      }
    });
  });
  ranks.sum<std::uint64_t>(sums);
  communication::agree_on_root(ranks, [&] {
    with_user_errors(source, [&] {
      if (file) {
        with_hint_to_convert([&] { file->require_sums(sums); });
      }
    });
  });
}

SourceShape hdf5_shape(const Source& source) {
  return with_user_errors(source, [&] {
    const storage::File file = open(source);
    SourceShape shape;
    std::vector<std::uint64_t> extents;
    if (is_csr(file, source)) {
      const CsrShape features = csr_shape(file, source);
      shape = {features.rows, features.columns, 0, true, features.elements};
      extents = {shape.rows, shape.inputs};
    } else {
      extents = numeric_dataset(file, source, source.features, "data.features").shape;
      shape = {extents[0], columns(extents)};
    }
    std::string shapes = "/" + source.features + " is " + shape_text(extents);
    if (!source.features_alone) {
      const storage::DatasetInfo targets = numeric_dataset(file, source, source.targets, "data.targets");
      shape.target_columns = columns(targets.shape);
      shapes += ", /" + source.targets + " is " + shape_text(targets.shape);
      if (shape.rows != targets.shape[0]) {
        throw core::UserError(at(source) + "row counts differ: " + shapes);
      }
    }
    const auto rows = static_cast<double>(shape.rows);
    const double features =
        shape.sparse ? static_cast<double>(shape.elements) : rows * static_cast<double>(shape.inputs);
    if ((features + rows * static_cast<double>(shape.target_columns)) * sizeof(double) > 0x1p62) {
      throw core::UserError(at(source) + "claims to be larger than any memory: " + shapes);
    }
    if (shape.rows == 0 || shape.inputs == 0 || (shape.target_columns == 0 && !source.features_alone)) {
      throw core::UserError(at(source) + "is empty: " + shapes);
    }
    require_one_each(file, source, source.weights, "data.weights", shape.rows);
    require_one_each(file, source, source.exposure, "data.exposure", shape.rows);
    return shape;
  });
}

namespace {

class Hdf5Reader final : public Reader {
 public:
  using Reader::Reader;

  std::string name(Part part) const override {
    switch (part) {
      case Part::features:
        return "/" + source().features;
      case Part::targets:
        return "/" + source().targets;
      case Part::weights:
        return "/" + source().weights;
      case Part::exposure:
        return "/" + source().exposure;
    }
    return {};
  }

  std::string place(Part part, std::uint64_t row) const override {
    return name(part) + " at row " + std::to_string(row) + " (counted from 0)";
  }

  std::vector<std::filesystem::path> files() const override { return {source().path}; }

  void read(const Standardization& standardization, Samples<float>& samples) const override {
    read_as(standardization, samples);
  }
  void read(const Standardization& standardization, Samples<double>& samples) const override {
    read_as(standardization, samples);
  }

  void for_each_piece(Range rows, const FeatureVisitor& visit) const override {
    with_user_errors(source(), [&] {
      const storage::File file = open(source());
      if (shape().sparse) {
        return for_each_csr_piece(file, source(), csr(), rows, visit);
      }
      linear_algebra::AlignedVector<double> converted;
      with_element_type(file.info(source().features).type, [&]<typename Element>() {
        read_pieces<Element>(file, source(), source().features, shape().inputs, rows,
                             [&](std::uint64_t first, MatrixView<const Element> values) {
                               if constexpr (std::is_same_v<Element, double>) {
                                 visit(first, values);
                               } else {
                                 converted.resize(values.size());
                                 std::copy_n(values.data, values.size(), converted.data());
                                 visit(first, {converted.data(), values.rows, values.columns});
                               }
                             });
      });
    });
  }

 private:
  CsrShape csr() const { return {shape().rows, shape().inputs, shape().elements}; }

  template <typename Real>
  void read_as(const Standardization& standardization, Samples<Real>& samples) const {
    with_user_errors(source(), [&] {
      const storage::File file = open(source());
      const Standardization* const of_features = standardization.active() ? &standardization : nullptr;
      samples.targets.resize(samples.rows.size() * samples.target_columns);
      const auto read = [&](const std::string& dataset, std::uint64_t columns, const Standardization* scaling,
                            Real* target) {
        with_element_type(file.info(dataset).type, [&]<typename Element>() {
          read_dataset<Real, Element>(file, source(), dataset, columns, samples.rows, scaling, target);
        });
      };
      if (shape().sparse) {
        read_csr(file, source(), csr(), samples.rows, of_features, samples.sparse_features);
      } else {
        samples.features.resize(samples.rows.size() * samples.inputs);
        read(source().features, samples.inputs, of_features, samples.features.data());
      }
      if (samples.target_columns > 0) {
        read(source().targets, samples.target_columns, nullptr, samples.targets.data());
      }
      const auto read_one_each = [&](const std::string& dataset, linear_algebra::UnsetVector<Real>& values) {
        if (!dataset.empty()) {
          values.resize(samples.rows.size());
          read(dataset, 1, nullptr, values.data());
        }
      };
      read_one_each(source().weights, samples.weights);
      read_one_each(source().exposure, samples.exposure);
    });
  }
};

}  // namespace

std::unique_ptr<const Reader> make_hdf5_reader(const Source& source, const SourceShape& shape, Encoding encoding) {
  return std::make_unique<Hdf5Reader>(source, shape, std::move(encoding));
}

Encoding hdf5_encoding(const Source& source) {
  return with_user_errors(source, [&] {
    const storage::File file = open(source);
    return storage::is_sealed(source.path, sealed_data) && file.has(encoding_dataset)
               ? parse_encoding(file.read_text(encoding_dataset), source.path)
               : Encoding{};
  });
}

}  // namespace cauchy::data

#pragma once
/// Numbers of HDF5 datasets that stand side by side: row i of the data is row i of each.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cauchy/data/shards.hpp"
#include "cauchy/data/source.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/linear_algebra/matrix_view.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::data {

class Hdf5Columns {
 public:
  /// `list` has the names of the datasets, between commas; `option` asks for them, such as "data.features". File and
  /// source must outlive this. Throws core::UserError, naming the dataset at fault, unless they are there and hold
  /// numbers in equally many rows.
  Hdf5Columns(const storage::File& file, const Source& source, const std::string& list, const std::string& option);

  std::uint64_t rows() const { return datasets_[0].shape[0]; }
  /// Of all datasets together; further dimensions are flattened.
  std::uint64_t columns() const { return columns_; }
  /// "/features is (60000 × 28 × 28)".
  std::string shapes() const;
  /// "mass", "image[0]", "image[1]": a name for each column.
  std::vector<std::string> names() const;

  /// Throws core::UserError unless all rows were written.
  void require_whole() const;

  /// Rows as Real, (rows × columns), standardised unless there is nothing to do it with. Throws core::UserError at the
  /// first number that is not finite or beyond the range of Real, unless the source allows any value.
  template <typename Real>
  void read(Range rows, const Standardization* standardization, Real* target) const;

  using Visitor = std::function<void(std::uint64_t first, linear_algebra::MatrixView<const double> values)>;
  /// Calls visit(first row, values) with the rows as they stand in the file, piece by piece.
  void for_each_piece(Range rows, const Visitor& visit) const;

 private:
  struct Dataset {
    std::string name;
    std::vector<std::uint64_t> shape;
    std::uint64_t columns;
  };

  std::uint64_t piece_rows() const;
  storage::ElementType type() const;
  /// visit(first row, values), in the type that they have in the file.
  template <typename Element, typename Visit>
  void for_each_piece_as(Range rows, Visit visit) const;
  template <typename Element>
  void read_piece(std::uint64_t first, linear_algebra::MatrixView<Element> piece) const;
  template <typename Element>
  void require_finite(std::uint64_t first, linear_algebra::MatrixView<const Element> piece) const;
  [[noreturn]] void fail(std::uint64_t row, std::uint64_t column, const std::string& what) const;

  const storage::File& file_;
  const Source& source_;
  std::vector<Dataset> datasets_;
  std::vector<storage::ElementType> types_;
  std::uint64_t columns_ = 0;
};

/// "/mass, /image", of the names in a list.
std::string dataset_paths(const std::string& list);

/// Throws core::UserError unless all of a dataset was written.
void require_whole(const storage::File& file, const Source& source, const std::string& name);

}  // namespace cauchy::data

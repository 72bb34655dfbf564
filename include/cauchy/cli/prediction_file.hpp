#pragma once
/// Files of predictions: a row for each sample.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cauchy/linear_algebra/matrix_view.hpp"

namespace cauchy::cli {

/// What the file is to hold.
struct PredictionTable {
  std::filesystem::path path;
  std::uint64_t rows = 0;
  std::vector<std::string> names;    ///< of the columns
  std::vector<std::string> classes;  ///< their names, where columns are probabilities of classes; else none
};

/// Rows on their way to a file, which appears complete or not at all. Any rank may turn rows into the bytes that the
/// root appends. With classes each row also tells the one of the largest probability, the first of equal ones.
template <typename Real>
class PredictionFile {
 public:
  PredictionFile() = default;
  PredictionFile(const PredictionFile&) = delete;
  PredictionFile& operator=(const PredictionFile&) = delete;
  virtual ~PredictionFile() = default;

  /// Some rows, (rows × columns), for append().
  virtual std::string encoded(linear_algebra::MatrixView<const Real> rows) const = 0;

  /// Makes the file, without its name. Throws storage::StorageError, as what follows does.
  virtual void open() = 0;
  /// The next rows, encoded.
  virtual void append(const std::string& rows) = 0;
  /// Brings all to the device, reads it back, and gives it its name.
  virtual void commit() = 0;
};

/// By the end of the file's name. CSV (.csv): a line of names, numbers as the shortest text that reads back the same,
/// the class in a last column `class`. HDF5 (.h5, .hdf5): /predictions (rows × columns), /columns (columns) their
/// names, /class (rows) the number of the class and /class_names (classes), with the check sum of data files. Throws
/// core::UserError for other names.
template <typename Real>
std::unique_ptr<PredictionFile<Real>> make_prediction_file(const PredictionTable& table);

}  // namespace cauchy::cli

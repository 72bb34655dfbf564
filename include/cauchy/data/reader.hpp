#pragma once
/// A data set in a file of any format: its shape, and rows of it as numbers.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/encoding.hpp"
#include "cauchy/data/shards.hpp"
#include "cauchy/data/source.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/matrix_view.hpp"
#include "cauchy/linear_algebra/sparse.hpp"
#include "cauchy/model/batch.hpp"

namespace cauchy::data {

struct Standardization;

/// Rows [rows.first, rows.last) of a source, in memory.
template <typename Real>
struct Samples {
  Range rows = {};
  std::uint64_t inputs = 0;
  std::uint64_t target_columns = 0;
  bool without_features = false;                            ///< nobody looks at them: a reader may leave them out
  linear_algebra::UnsetVector<Real> features = {};          ///< (rows × inputs), empty where they are sparse or bytes
  linear_algebra::UnsetVector<Real> targets = {};           ///< (rows × target_columns)
  linear_algebra::SparseMatrix<Real> sparse_features = {};  ///< (rows × inputs), or without columns
  std::vector<std::uint8_t> bytes = {};                     ///< features of row i are the inputs from byte i on
  linear_algebra::UnsetVector<Real> weights = {};           ///< (rows), nonnegative; empty: 1 each
  linear_algebra::UnsetVector<Real> exposure = {};          ///< (rows), positive; empty: 1 each

  linear_algebra::MatrixView<const Real> feature_matrix() const { return {features.data(), rows.size(), inputs}; }
  linear_algebra::MatrixView<const Real> target_matrix() const { return {targets.data(), rows.size(), target_columns}; }
  /// Features of one row, counted from the first of these, where they are not sparse.
  void copy_features(std::uint64_t row, Real* target) const {
    if (bytes.empty()) {
      std::copy_n(features.data() + row * inputs, inputs, target);
    } else {
      std::copy_n(bytes.data() + row, inputs, target);
    }
  }
  model::Observations<Real> observed() const { return {target_matrix(), weights, exposure}; }
};

/// What a number of a sample is.
enum class Part { features, targets, weights, exposure };

/// Some rows of features, (some rows × inputs), from row `first` on.
using FeatureVisitor = std::function<void(std::uint64_t first, const model::Features<double>& values)>;

/// A data set in a file, behind which a format stands. Every function that reads throws core::UserError, with the place
/// of the fault, at the first number that is not finite or does not fit. Nothing communicates.
class Reader {
 public:
  Reader(Source source, const SourceShape& shape, Encoding encoding = {})
      : source_(std::move(source)), shape_(shape), encoding_(std::move(encoding)) {}
  virtual ~Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  const Source& source() const { return source_; }
  const SourceShape& shape() const { return shape_; }
  /// How text became numbers; not active where there was none.
  const Encoding& encoding() const { return encoding_; }
  /// What the inputs are called; empty where the data do not say.
  virtual std::vector<std::string> input_names() const { return feature_names(encoding_); }

  /// Where all numbers of one part stand, for messages: "/targets".
  virtual std::string name(Part part) const = 0;
  /// Where one row stands in it: "/targets at row 17 (counted from 0)".
  virtual std::string place(Part part, std::uint64_t row) const = 0;

  /// The files that hold it, if rows at any place of them can be read at any time, from any thread, as often as they
  /// are needed; none where that would take long, and rows are to be kept in memory.
  virtual std::vector<std::filesystem::path> files() const { return {}; }

  /// Fills the samples, whose rows are not none: see read_samples(). Sparse features, as the shape says, go to
  /// sparse_features. Weights and exposure where the source names them.
  virtual void read(const Standardization& standardization, Samples<float>& samples) const = 0;
  virtual void read(const Standardization& standardization, Samples<double>& samples) const = 0;

  /// Calls visit with the features of all rows of the range, in order, piece by piece.
  virtual void for_each_piece(Range rows, const FeatureVisitor& visit) const = 0;

 private:
  Source source_;
  SourceShape shape_;
  Encoding encoding_;
};

/// Collective. Finds the format, compares a file that `cauchy convert` has written with its check sum, and looks at the
/// shape; text is read for that. Text is encoded like the training data, unless it is the training data and `training`
/// not active. Throws an agreed core::UserError, naming the place, if a file is missing, damaged, of no known format,
/// or holds no numbers in matching shapes.
std::unique_ptr<const Reader> open_reader(const communication::Communicator& ranks, const Source& source,
                                          const Encoding& training = {});

/// Reads rows in double, standardises the features (an inactive standardisation leaves them), and only then rounds to
/// Real, so that a large offset does not cost the digits behind it. Throws as Reader does, also at the first number
/// that is no weight or no exposure.
template <typename Real>
Samples<Real> read_samples(const Reader& reader, Range rows, const Standardization& standardization);

/// The same into samples that have memory already, and say whether features are wanted.
template <typename Real>
void read_samples(const Reader& reader, Range rows, const Standardization& standardization, Samples<Real>& samples);

}  // namespace cauchy::data

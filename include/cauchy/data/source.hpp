#pragma once
/// A data set in a file: its shape, and rows of it as numbers.

#include <cstdint>
#include <functional>
#include <string>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/options.hpp"
#include "cauchy/data/shards.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/matrix_view.hpp"
#include "cauchy/storage/seal.hpp"

namespace cauchy::data {

struct Standardization;

/// The files that `cauchy convert` writes. Data may also be in files of others, which have no seal.
inline constexpr storage::SealKind sealed_data{"data file", 1};

/// Samples of one file. `key` is the configuration key that named it, for messages.
struct Source {
  std::string key;
  std::string path;
  std::string features;  ///< name of the dataset inside the file
  std::string targets;
};

struct SourceShape {
  std::uint64_t rows = 0;            ///< N
  std::uint64_t inputs = 0;          ///< features a sample; further dimensions are flattened
  std::uint64_t target_columns = 0;  ///< 1 for targets of shape (N)

  bool operator==(const SourceShape&) const = default;
};

/// Collective. Compares a file that `cauchy convert` has written with its check sum, of which each rank computes a
/// part; files of others pass. Throws an agreed core::UserError if the file is missing or damaged.
void verify(const communication::Communicator& ranks, const Source& source);

/// Looks at the file without reading samples. Throws core::UserError, naming file and dataset, if it is missing, no
/// HDF5 file, or holds no numbers in matching shapes.
SourceShape source_shape(const Source& source);

/// Rows [rows.first, rows.last) of a source, in memory.
template <typename Real>
struct Samples {
  Range rows;
  std::uint64_t inputs = 0;
  std::uint64_t target_columns = 0;
  linear_algebra::UnsetVector<Real> features;  ///< (rows × inputs)
  linear_algebra::UnsetVector<Real> targets;   ///< (rows × target_columns)

  linear_algebra::MatrixView<const Real> feature_matrix() const { return {features.data(), rows.size(), inputs}; }
  linear_algebra::MatrixView<const Real> target_matrix() const { return {targets.data(), rows.size(), target_columns}; }
};

/// Reads rows in double, standardises the features (an inactive standardisation leaves them), and only then rounds to
/// Real, so that a large offset does not cost the digits behind it. Throws core::UserError with row and column at the
/// first number that is not finite or does not fit.
template <typename Real>
Samples<Real> read_samples(const Source& source, const SourceShape& shape, Range rows,
                           const Standardization& standardization);

/// Calls visit(first row, values) with the features of rows [rows.first, rows.last), (some rows × inputs), piece by
/// piece. Throws as read_samples does.
void for_each_piece(const Source& source, const SourceShape& shape, Range rows,
                    const std::function<void(std::uint64_t, linear_algebra::MatrixView<const double>)>& visit);

}  // namespace cauchy::data

#pragma once
/// Data sets in HDF5 files.

#include <memory>
#include <string>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/encoding.hpp"
#include "cauchy/data/reader.hpp"
#include "cauchy/data/source.hpp"
#include "cauchy/storage/file.hpp"
#include "cauchy/storage/seal.hpp"

namespace cauchy::data {

/// The files that `cauchy convert` writes. Data may also be in files of others, which have no seal.
inline constexpr storage::SealKind sealed_data{"data file", 1};

/// Collective. Compares a file that `cauchy convert` has written with its check sum, of which each rank computes a
/// part; files of others pass. Throws an agreed core::UserError if the file is missing or damaged.
void verify(const communication::Communicator& ranks, const Source& source);

/// The shape of the datasets that the source names. Throws core::UserError, naming file and dataset, if the file is
/// missing, no HDF5 file, or holds no numbers in matching shapes.
SourceShape hdf5_shape(const Source& source);

/// The datasets that the source names, in words that files of one data set can be compared by.
struct Hdf5Datasets {
  std::string columns;  ///< "/mass with 1, /image with 784, /targets with 1"
  std::string types;    ///< "/mass of float32, /image of uint8, /targets of int64"
};

/// Throws as hdf5_shape() does.
Hdf5Datasets hdf5_datasets(const Source& source);

/// Reads a file of this shape, without looking at it before.
std::unique_ptr<const Reader> make_hdf5_reader(const Source& source, const SourceShape& shape, Encoding encoding = {});

/// Whether all datasets (or groups) of this list, between commas, are there.
bool has_datasets(const storage::File& file, const std::string& list);

/// Where a file that `cauchy convert` has written says how text became numbers.
inline constexpr const char* encoding_dataset = "/encoding";

/// What stands there; not active if nothing does.
Encoding hdf5_encoding(const Source& source);

}  // namespace cauchy::data

#pragma once
/// Data of any format as an HDF5 file.

#include <filesystem>

#include "cauchy/data/reader.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::data {

/// Writes all rows to a sealed file, in the order of the reader: /features (rows × inputs, or a group of indptr,
/// indices and values where they are sparse), /targets, /weights and /exposure where the source names them, all as
/// float64, and the text /encoding where text became numbers. Piece by piece: memory does not grow with the file.
/// Throws core::UserError and storage::StorageError.
void write_hdf5(const Reader& reader, const std::filesystem::path& output, const storage::Chunks& chunks);

}  // namespace cauchy::data

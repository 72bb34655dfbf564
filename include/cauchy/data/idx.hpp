#pragma once
/// IDX files, the format of MNIST and its relatives: a big-endian header, then numbers. Plain or gzipped.

#include <filesystem>

#include "cauchy/storage/file.hpp"

namespace cauchy::data {

struct IdxConversion {
  std::filesystem::path input;    ///< features, (N × ...): each sample is flattened
  std::filesystem::path targets;  ///< labels, (N)
  std::filesystem::path output;   ///< HDF5 file, replaced if it is there
  storage::Chunks chunks;         ///< of both
};

/// Writes /features (N × d) and /targets (N) in the IDX files' own types (integers of one byte stay unsigned bytes) to
/// a sealed file. Throws core::UserError, naming the file and the byte at fault, if a file is missing, damaged,
/// truncated, longer than its header says, or if the row counts differ.
void convert_idx(const IdxConversion& conversion);

}  // namespace cauchy::data

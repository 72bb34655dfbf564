#pragma once
/// An open dataset. Private to storage.

#include <cstdint>
#include <vector>

#include "hdf5_call.hpp"

namespace cauchy::storage {

/// A dataset that is being read, or written row by row. HDF5 keeps as many chunks as lie side by side, 64 MB at
/// most: whoever goes through the rows in order has each read and unpacked once.
class Array {
 public:
  Array(hid_t file, const Subject& subject);

  hid_t id() const { return dataset_.id(); }
  hid_t type() const { return type_.id(); }
  hid_t space() const { return space_.id(); }
  const std::vector<hsize_t>& shape() const { return shape_; }

  /// Elements of one row.
  std::uint64_t row_elements() const { return row_elements_; }

  /// Throws a StorageError unless all is there that reading takes: HDF5 gives zeros for a part whose file is missing,
  /// and of a filter that is missing it tells where it looked for one.
  void require_complete(const Subject& subject) const;

  /// Rows [first, first + rows), in one transfer.
  void read(std::uint64_t first, std::uint64_t rows, hid_t target_type, void* target, const Subject& subject) const;
  void write(std::uint64_t first, std::uint64_t rows, hid_t source_type, const void* source,
             const Subject& subject) const;

  /// For writers: what HDF5 still keeps may fail to reach the file here.
  void close(const Subject& subject) { dataset_.close(subject); }

 private:
  /// A row range of the file, chosen, and its like in memory.
  Handle choose(std::uint64_t first, std::uint64_t rows, const Subject& subject) const;

  Handle dataset_;
  Handle type_;
  Handle space_;
  std::vector<hsize_t> shape_;
  std::uint64_t row_elements_ = 1;
};

}  // namespace cauchy::storage

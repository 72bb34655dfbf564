#pragma once
/// A dataset that is being read. Private to storage.

#include <cstdint>
#include <span>
#include <vector>

#include "cauchy/core/activity.hpp"
#include "hdf5_call.hpp"
#include "hdf5_type.hpp"

namespace cauchy::storage {

/// A dataset that is being read.
class Array {
 public:
  Array(hid_t file, const Subject& subject)
      : subject_(subject),
        dataset_(H5Dopen2(file, subject.object.c_str(), H5P_DEFAULT), H5Dclose, "open", subject),
        type_(H5Dget_type(dataset_.id()), H5Tclose, "read the type of", subject),
        space_(H5Dget_space(dataset_.id()), H5Sclose, "read the shape of", subject),
        shape_(extents(space_.id(), subject)) {
    element_count(shape_, subject);  // throws for a shape that no memory could hold
  }

  hid_t id() const { return dataset_.id(); }
  hid_t type() const { return type_.id(); }
  hid_t space() const { return space_.id(); }
  const std::vector<hsize_t>& shape() const { return shape_; }

  /// Elements of one row.
  std::uint64_t row_elements() const { return element_count(std::span(shape_).subspan(1), subject_); }

  /// Rows [first, first + rows), in one transfer.
  void transfer(std::uint64_t first, std::uint64_t rows, hid_t target_type, void* target) const {
    std::vector<hsize_t> start(shape_.size(), 0);
    std::vector<hsize_t> count = shape_;
    start[0] = first;
    count[0] = rows;
    checked(H5Sselect_hyperslab(space_.id(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr),
            "choose rows of", subject_);
    const Handle target_space = make_space(count, subject_);
    checked(H5Dread(dataset_.id(), target_type, target_space.id(), space_.id(), H5P_DEFAULT, target), "read", subject_);
    core::note_progress();
  }

 private:
  const Subject& subject_;
  Handle dataset_;
  Handle type_;
  Handle space_;
  std::vector<hsize_t> shape_;
};

}  // namespace cauchy::storage

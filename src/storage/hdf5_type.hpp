#pragma once
/// Shapes and element types, ours and HDF5's. Private to storage.

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "hdf5_call.hpp"

namespace cauchy::storage {

/// The extents of a dataspace; none for a scalar.
std::vector<hsize_t> extents(hid_t space, const Subject& subject);

/// The product of the extents; 1 for a scalar.
std::uint64_t element_count(std::span<const hsize_t> shape, const Subject& subject);

/// A dataspace of this shape; of a scalar where it is empty.
Handle make_space(std::span<const hsize_t> shape, const Subject& subject);

/// "1437 × 64".
std::string shape_text(std::span<const hsize_t> shape);

/// Throws unless the type is one of numbers.
void require_numbers(hid_t type, const Subject& subject);

/// Throws unless this is one text.
void require_text(hid_t type, hid_t space, const Subject& subject);

ElementType element_type(hid_t type);

/// T as it lies in memory.
template <typename T>
hid_t memory_type() {
  if constexpr (std::is_same_v<T, float>) {
    return H5T_NATIVE_FLOAT;
  } else if constexpr (std::is_same_v<T, double>) {
    return H5T_NATIVE_DOUBLE;
  } else if constexpr (std::is_same_v<T, std::uint8_t>) {
    return H5T_NATIVE_UINT8;
  } else if constexpr (std::is_same_v<T, std::int32_t>) {
    return H5T_NATIVE_INT32;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return H5T_NATIVE_INT64;
  } else {
    static_assert(std::is_same_v<T, std::uint64_t>);
    return H5T_NATIVE_UINT64;
  }
}

/// A text of any length, in UTF-8.
Handle text_type(const Subject& subject);

/// HDF5 would cut a text at its first zero: throws if there is one.
void require_no_zero(const std::string& text, const Subject& subject);

}  // namespace cauchy::storage

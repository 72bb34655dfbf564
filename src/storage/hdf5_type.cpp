// Shapes and element types.

#include "hdf5_type.hpp"

#include <array>

namespace cauchy::storage {
namespace {

std::string class_name(H5T_class_t type_class) {
  switch (type_class) {
    case H5T_STRING:
      return "text";
    case H5T_COMPOUND:
      return "compounds";
    case H5T_ENUM:
      return "names of an enumeration";
    case H5T_REFERENCE:
      return "references";
    case H5T_VLEN:
      return "lists of varying length";
    case H5T_ARRAY:
      return "arrays as elements";
    case H5T_OPAQUE:
    case H5T_BITFIELD:
      return "uninterpreted bytes";
    default:
      return "elements of an unknown type";
  }
}

bool is_boolean(hid_t type) {
  if (H5Tget_class(type) != H5T_ENUM || H5Tget_nmembers(type) != 2 || H5Tget_size(type) != 1) {
    return false;
  }
  std::array<unsigned char, 2> values{};
  return H5Tget_member_value(type, 0, &values[0]) >= 0 && H5Tget_member_value(type, 1, &values[1]) >= 0 &&
         values == std::array<unsigned char, 2>{0, 1};
}

/// Whether all bits that a number is said to have are among its bytes: HDF5 converts without a look at that.
bool is_sound(hid_t type) {
  const std::size_t bits = 8 * H5Tget_size(type);
  const std::size_t precision = H5Tget_precision(type);
  const int offset = H5Tget_offset(type);
  if (precision == 0 || precision > bits || offset < 0 || static_cast<std::size_t>(offset) > bits - precision) {
    return false;
  }
  if (H5Tget_class(type) != H5T_FLOAT) {
    return true;
  }
  std::size_t sign = 0;
  std::size_t exponent = 0;
  std::size_t exponent_bits = 0;
  std::size_t mantissa = 0;
  std::size_t mantissa_bits = 0;
  return H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) >= 0 && sign < bits &&
         exponent_bits > 0 && exponent_bits < 32 && exponent + exponent_bits <= bits && mantissa_bits > 0 &&
         mantissa + mantissa_bits <= bits;
}

}  // namespace

std::vector<hsize_t> extents(hid_t space, const Subject& subject) {
  if (H5Sget_simple_extent_type(space) == H5S_NULL) {
    return {0};
  }
  const int rank = checked(H5Sget_simple_extent_ndims(space), "read the shape of", subject);
  std::vector<hsize_t> shape(static_cast<std::size_t>(rank));
  checked(H5Sget_simple_extent_dims(space, shape.data(), nullptr), "read the shape of", subject);
  return shape;
}

std::uint64_t element_count(std::span<const hsize_t> shape, const Subject& subject) {
  std::uint64_t count = 1;
  for (const hsize_t extent : shape) {
    if (__builtin_mul_overflow(count, extent, &count)) {
      refuse(subject, "claims more elements than can be counted");
    }
  }
  return count;
}

std::string shape_text(std::span<const hsize_t> shape) {
  return shape_text(std::vector<std::uint64_t>(shape.begin(), shape.end()));
}

void require_numbers(hid_t type, const Subject& subject) {
  const H5T_class_t type_class = H5Tget_class(type);
  if (type_class != H5T_INTEGER && type_class != H5T_FLOAT && !is_boolean(type)) {
    refuse(subject, "holds " + class_name(type_class) + ", not numbers");
  }
  if (!is_sound(type)) {
    refuse(subject, "holds numbers whose type is damaged");
  }
}

void require_text(hid_t type, hid_t space, const Subject& subject) {
  if (H5Tget_class(type) != H5T_STRING) {
    refuse(subject, "holds no text");
  }
  if (H5Sget_simple_extent_npoints(space) != 1) {
    refuse(subject, "holds several texts, not one");
  }
}

ElementType element_type(hid_t type) {
  const std::size_t bytes = H5Tget_size(type);
  if (H5Tget_class(type) == H5T_FLOAT) {
    switch (bytes) {
      case 2:
        return ElementType::float16;
      case 4:
        return ElementType::float32;
      case 8:
        return ElementType::float64;
      case sizeof(long double):
        return ElementType::long_double;
      default:
        return ElementType::other;
    }
  }
  if (is_boolean(type)) {
    return ElementType::boolean;
  }
  if (H5Tget_class(type) != H5T_INTEGER) {
    return ElementType::other;
  }
  const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
  switch (bytes) {
    case 1:
      return is_signed ? ElementType::int8 : ElementType::uint8;
    case 2:
      return is_signed ? ElementType::int16 : ElementType::uint16;
    case 4:
      return is_signed ? ElementType::int32 : ElementType::uint32;
    case 8:
      return is_signed ? ElementType::int64 : ElementType::uint64;
    default:
      return ElementType::other;
  }
}

Handle text_type(const Subject& subject) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "describe", subject);
  checked(H5Tset_size(type.id(), H5T_VARIABLE), "describe", subject);
  checked(H5Tset_cset(type.id(), H5T_CSET_UTF8), "describe", subject);
  return type;
}

void require_no_zero(const std::string& text, const Subject& subject) {
  if (text.find('\0') != std::string::npos) {
    refuse(subject, "cannot hold a text with a zero byte");
  }
}

Handle make_space(std::span<const hsize_t> shape, const Subject& subject) {
  const hid_t id =
      shape.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
  return {id, H5Sclose, "describe the shape of", subject};
}

}  // namespace cauchy::storage

// HDF5 through its C interface: every call checked, every identifier owned.

#include "cauchy/storage/file.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <type_traits>

#include "cauchy/core/activity.hpp"
#include "cauchy/storage/descriptor.hpp"
#include "hdf5_array.hpp"
#include "hdf5_call.hpp"
#include "hdf5_chunks.hpp"
#include "hdf5_group.hpp"
#include "hdf5_pieces.hpp"
#include "hdf5_type.hpp"

namespace cauchy::storage {
namespace {

// Bytes a transfer: each is progress that others can see, and single ones of many GB have crashed HDF5.
constexpr std::uint64_t piece_bytes = std::uint64_t{1} << 22;

Handle reading_properties(const Subject& subject) {
  Handle list = property_list(H5P_FILE_ACCESS, subject);
  checked(H5Pset_file_locking(list.id(), false, true), "prepare", subject);
  return list;
}

Handle writing_properties(const Subject& subject) {
  Handle list = reading_properties(subject);
  // Version 1.8 of the format is the first with check sums on its metadata.
  checked(H5Pset_libver_bounds(list.id(), H5F_LIBVER_V18, H5F_LIBVER_V18), "prepare", subject);
  return list;
}

/// The text of one string element, whichever way it is stored. `read(type, buffer)` is H5Dread or H5Aread, bound.
template <typename Read>
std::string text_of(hid_t type, Read&& read, const Subject& subject) {
  if (checked(H5Tis_variable_str(type), "read", subject) > 0) {
    char* stored = nullptr;
    checked(read(type, &stored), "read", subject);
    std::string text = stored == nullptr ? "" : stored;
    checked(H5free_memory(stored), "read", subject);
    return text;
  }
  std::string text(H5Tget_size(type), '\0');
  checked(read(type, text.data()), "read", subject);
  text.resize(std::min(text.find('\0'), text.size()));
  if (H5Tget_strpad(type) == H5T_STR_SPACEPAD) {
    text.resize(text.find_last_not_of(' ') + 1);
  }
  return text;
}

/// Single numbers and empty arrays are kept in one piece.
bool can_have_chunks(std::span<const hsize_t> shape) {
  return !shape.empty() && std::ranges::find(shape, hsize_t{0}) == shape.end();
}

Handle in_chunks(std::span<const hsize_t> chunk, const Subject& subject) {
  Handle list = timeless(H5P_DATASET_CREATE, subject);
  checked(H5Pset_chunk(list.id(), static_cast<int>(chunk.size()), chunk.data()), "prepare", subject);
  return list;
}

Handle create_dataset(hid_t file, hid_t type, std::span<const hsize_t> shape, const Handle& properties,
                      const Subject& subject) {
  make_parents(file, subject.object, subject);
  const Handle space = make_space(shape, subject);
  return {H5Dcreate2(file, subject.object.c_str(), type, space.id(), H5P_DEFAULT, properties.id(), H5P_DEFAULT),
          H5Dclose, "create", subject};
}

void require_count(std::uint64_t expected, std::size_t given, const Array& array, const Subject& subject) {
  if (expected != given) {
    refuse(subject, "(" + shape_text(array.shape()) + ") gives " + std::to_string(expected) +
                        " numbers here, not the " + std::to_string(given) + " that were asked for");
  }
}

void require_rows(const Array& array, std::uint64_t first, std::uint64_t rows, const Subject& subject) {
  if (array.shape().empty()) {
    refuse(subject, "is a single number and has no rows");
  }
  const std::uint64_t present = array.shape()[0];
  if (first > present || rows > present - first) {
    refuse(subject, "has " + std::to_string(present) + " rows; rows " + std::to_string(first) + " to " +
                        std::to_string(first + rows) + " were asked for");
  }
}

/// Rows of a piece, out of rows of so many elements.
std::uint64_t rows_of_piece(std::uint64_t row_elements, std::size_t element_bytes) {
  return std::max<std::uint64_t>(1, piece_bytes / (row_elements * element_bytes));
}

template <typename T>
void read_pieces(const Array& array, std::uint64_t first, std::uint64_t rows, std::span<T> values,
                 const Subject& subject) {
  if (values.empty()) {
    return;
  }
  const std::uint64_t row_elements = array.row_elements();
  const std::uint64_t piece_rows = rows_of_piece(row_elements, sizeof(T));
  for (std::uint64_t done = 0; done < rows; done += piece_rows) {
    array.read(first + done, std::min(piece_rows, rows - done), memory_type<T>(), values.data() + done * row_elements,
               subject);
  }
}

/// Writes `rows` rows, from `first` on. `written` is called from time to time.
template <typename T>
void write_pieces(const Array& array, std::uint64_t first, std::uint64_t rows, std::span<const T> values,
                  const Subject& subject, const std::function<void()>& written) {
  if (values.empty()) {
    return;
  }
  const std::uint64_t row_elements = array.row_elements();
  const std::uint64_t piece_rows = rows_of_piece(row_elements, sizeof(T));
  for (std::uint64_t done = 0; done < rows; done += piece_rows) {
    array.write(first + done, std::min(piece_rows, rows - done), memory_type<T>(), values.data() + done * row_elements,
                subject);
    written();
  }
}

template <typename T>
constexpr bool is_list = std::is_same_v<T, std::vector<std::uint64_t>>;

std::string attribute_name(const std::string& object, const std::string& name) {
  return "attribute " + name + " of " + object;
}

herr_t collect_name(hid_t /*object*/, const char* name, const H5A_info_t* /*info*/, void* names) noexcept {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

/// HDF5's own descriptor of the file.
int descriptor_of(hid_t file, const Subject& subject) {
  void* handle = nullptr;
  checked(H5Fget_vfd_handle(file, H5P_DEFAULT, &handle), "reach", subject);
  return *static_cast<const int*>(handle);
}

}  // namespace

const char* element_type_name(ElementType type) {
  constexpr std::array names = {"int8",   "uint8", "int16",   "uint16",  "int32",   "uint32",      "int64",
                                "uint64", "bool",  "float16", "float32", "float64", "long double", "other"};
  return names[static_cast<std::size_t>(type)];
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text;
  for (const std::uint64_t extent : shape) {
    text += (text.empty() ? "" : " × ") + std::to_string(extent);
  }
  return text.empty() ? "single" : text;
}

File File::open(const std::filesystem::path& path) {
  prepare_library();
  const Subject subject{path, "the file"};
  if (!is_hdf5(path)) {
    throw StorageError(path.string() + " is not an HDF5 file");
  }
  const Handle access = reading_properties(subject);
  return {path, checked(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()), "open", subject)};
}

File File::create(const std::filesystem::path& path, std::uint64_t user_block_bytes) {
  prepare_library();
  const Subject subject{path, "the file"};
  const Handle access = writing_properties(subject);
  const Handle creation = timeless(H5P_FILE_CREATE, subject);
  checked(H5Pset_userblock(creation.id(), user_block_bytes), "prepare", subject);
  // The system's own reason, where HDF5 would give none, if the file is there or its folder is not.
  Descriptor::create(path).close();
  return {path, checked(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.id(), access.id()), "create", subject)};
}

File::~File() {
  arrays_.clear();
  if (id_ >= 0) {
    H5Fclose(id_);
  }
}

void File::close() {
  const Subject subject{path_, "the file"};
  for (auto& [name, array] : arrays_) {
    array->close({path_, name});
  }
  arrays_.clear();
  checked(H5Fflush(opened(id_, subject), H5F_SCOPE_GLOBAL), "write", subject);
  // HDF5 itself never asks the system to do this. Its own descriptor learns of every failure since it was opened.
  sync_number(descriptor_of(id_, subject), path_);
  checked(H5Fclose(std::exchange(id_, -1)), "close", subject);
}

bool File::has(const std::string& name) const {
  const Subject subject{path_, name};
  return exists(opened(id_, subject), name, subject);
}

bool File::is_group(const std::string& name) const {
  const Subject subject{path_, name};
  const hid_t file = opened(id_, subject);
  return exists(file, name, subject) && is_group_in(file, name, subject);
}

std::vector<std::string> File::members(const std::string& group) const {
  const Subject subject{path_, group};
  const Handle handle(H5Gopen2(opened(id_, subject), group.c_str(), H5P_DEFAULT), H5Gclose, "open", subject);
  H5G_info_t info{};
  checked(H5Gget_info(handle.id(), &info), "list", subject);
  std::vector<std::string> names;
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    const auto read_name = [&](char* buffer, std::size_t size) {
      return checked(H5Lget_name_by_idx(handle.id(), ".", H5_INDEX_NAME, H5_ITER_INC, i, buffer, size, H5P_DEFAULT),
                     "list", subject);
    };
    std::string name(static_cast<std::size_t>(read_name(nullptr, 0)), '\0');
    read_name(name.data(), name.size() + 1);
    names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> File::attributes(const std::string& object) const {
  const Subject subject{path_, object};
  const Handle handle(H5Oopen(opened(id_, subject), object.c_str(), H5P_DEFAULT), H5Oclose, "open", subject);
  std::vector<std::string> names;
  checked(H5Aiterate2(handle.id(), H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, collect_name, &names),
          "list the attributes of", subject);
  std::ranges::sort(names);
  return names;
}

DatasetInfo File::info(const std::string& dataset) const {
  const Subject subject{path_, dataset};
  const Array array(opened(id_, subject), subject);
  return {element_type(array.type()), {array.shape().begin(), array.shape().end()}};
}

bool File::is_whole(const std::string& dataset) const {
  const Subject subject{path_, dataset};
  return has_all_pieces(opened(id_, subject), subject);
}

void File::collect_pieces(const std::string& group, std::vector<Piece>& pieces) const {
  for (const std::string& member : members(group)) {
    const std::string name = (group == "/" ? "" : group) + "/" + member;
    if (is_group(name)) {
      collect_pieces(name, pieces);
    } else {
      const Subject subject{path_, name};
      std::vector<Piece> found = pieces_of(opened(id_, subject), subject);
      if (const auto sums = sums_.find(name); sums != sums_.end() && sums->second.size() == found.size()) {
        for (std::size_t i = 0; i < found.size(); ++i) {
          found[i].sum = sums->second[i];
        }
      }
      pieces.insert(pieces.end(), found.begin(), found.end());
    }
  }
}

std::vector<Piece> File::pieces() const {
  std::vector<Piece> pieces;
  collect_pieces("/", pieces);
  std::ranges::sort(pieces, {}, &Piece::offset);
  return pieces;
}

void File::create_group(const std::string& name) {
  const Subject subject{path_, name};
  make_group(opened(id_, subject), name, subject);
}

template <typename T>
void File::write(const std::string& dataset, const std::vector<std::uint64_t>& shape, std::span<const T> values,
                 Layout layout) {
  static_assert(std::endian::native == std::endian::little, "files are little-endian, and written as memory is");
  const Subject subject{path_, dataset};
  const hid_t file = opened(id_, subject);
  const std::vector<hsize_t> extent(shape.begin(), shape.end());
  if (element_count(extent, subject) != values.size()) {
    refuse(subject, "(" + shape_text(extent) + ") cannot be made of " + std::to_string(values.size()) + " numbers");
  }
  const auto written = [this] { wrote_something(); };
  if (layout == Layout::checked && can_have_chunks(extent)) {
    const Handle properties = in_chunks(chunk_shape(extent, sizeof(T)), subject);
    checked(H5Pset_fletcher32(properties.id()), "prepare", subject);
    Handle array = create_dataset(file, memory_type<T>(), extent, properties, subject);
    sums_[dataset] = write_chunks(array.id(), extent, sizeof(T), std::as_bytes(values), subject, written);
    array.close(subject);
    return;
  }
  create_dataset(file, memory_type<T>(), extent, timeless(H5P_DATASET_CREATE, subject), subject).close(subject);
  Array array(file, subject);
  if (extent.empty()) {
    checked(H5Dwrite(array.id(), memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "write", subject);
    written();
  } else {
    write_pieces(array, 0, extent[0], values, subject, written);
  }
  array.close(subject);
}

template <typename T>
void File::create(const std::string& dataset, const std::vector<std::uint64_t>& shape, const Chunks& chunks) {
  const Subject subject{path_, dataset};
  const hid_t file = opened(id_, subject);
  const std::vector<hsize_t> extent(shape.begin(), shape.end());
  element_count(extent, subject);  // throws for a shape that no memory could hold
  const bool has_chunks = chunks.rows > 0 && can_have_chunks(extent);
  const Handle properties = has_chunks ? in_chunks(even_chunk_shape(extent, sizeof(T), chunks.rows), subject)
                                       : timeless(H5P_DATASET_CREATE, subject);
  if (has_chunks && chunks.compression > 0) {
    checked(H5Pset_shuffle(properties.id()), "prepare", subject);
    checked(H5Pset_deflate(properties.id(), chunks.compression), "prepare", subject);
  }
  create_dataset(file, memory_type<T>(), extent, properties, subject).close(subject);
}

Array& File::array(const Subject& subject) const {
  std::shared_ptr<Array>& array = arrays_[subject.object];
  if (array == nullptr) {
    array = std::make_shared<Array>(opened(id_, subject), subject);
  }
  return *array;
}

template <typename T>
void File::write_rows(const std::string& dataset, std::uint64_t first, std::uint64_t rows, std::span<const T> values) {
  const Subject subject{path_, dataset};
  const Array& open = array(subject);
  require_rows(open, first, rows, subject);
  require_count(rows * open.row_elements(), values.size(), open, subject);
  write_pieces(open, first, rows, values, subject, [this] { wrote_something(); });
}

void File::wrote_something() {
  const Subject subject{path_, "the file"};
  hsize_t bytes = 0;
  checked(H5Fget_filesize(id_, &bytes), "look at", subject);
  writeback_.advance(descriptor_of(id_, subject), path_, bytes);
  core::note_progress();
}

template <typename T>
void File::read_rows(const std::string& dataset, std::uint64_t first, std::uint64_t rows, std::span<T> values) const {
  const Subject subject{path_, dataset};
  const Array& open = array(subject);
  require_numbers(open.type(), subject);
  open.require_complete(subject);
  require_rows(open, first, rows, subject);
  require_count(rows * open.row_elements(), values.size(), open, subject);
  read_pieces(open, first, rows, values, subject);
}

template <typename T>
void File::read(const std::string& dataset, std::span<T> values) const {
  const Subject subject{path_, dataset};
  const Array array(opened(id_, subject), subject);
  require_numbers(array.type(), subject);
  array.require_complete(subject);
  require_count(element_count(array.shape(), subject), values.size(), array, subject);
  if (array.shape().empty()) {
    checked(H5Dread(array.id(), memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "read", subject);
  } else {
    read_pieces(array, 0, array.shape()[0], values, subject);
  }
}

void File::write_text(const std::string& dataset, const std::string& text) {
  write_texts_as(dataset, {}, {&text, 1});
}

void File::write_texts(const std::string& dataset, const std::vector<std::string>& texts) {
  write_texts_as(dataset, {texts.size()}, texts);
}

void File::write_texts_as(const std::string& dataset, const std::vector<std::uint64_t>& shape,
                          std::span<const std::string> texts) {
  const Subject subject{path_, dataset};
  const hid_t file = opened(id_, subject);
  std::vector<const char*> characters;
  for (const std::string& text : texts) {
    require_no_zero(text, subject);
    characters.push_back(text.c_str());
  }
  const Handle type = text_type(subject);
  Handle array = create_dataset(file, type.id(), std::vector<hsize_t>(shape.begin(), shape.end()),
                                timeless(H5P_DATASET_CREATE, subject), subject);
  if (!characters.empty()) {
    checked(H5Dwrite(array.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, characters.data()), "write", subject);
  }
  array.close(subject);
}

std::string File::read_text(const std::string& dataset) const {
  const Subject subject{path_, dataset};
  const Array array(opened(id_, subject), subject);
  require_text(array.type(), array.space(), subject);
  return text_of(
      array.type(),
      [&](hid_t type, void* buffer) { return H5Dread(array.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer); },
      subject);
}

template <typename T>
void File::write_attribute(const std::string& object, const std::string& name, const T& value) {
  const Subject subject{path_, attribute_name(object, name)};
  const hid_t file = opened(id_, subject);
  std::vector<hsize_t> shape;
  if constexpr (is_list<T>) {
    shape = {value.size()};
  }
  const Handle space = make_space(shape, subject);
  const auto write_as = [&](hid_t type, const void* buffer) {
    Handle attribute(
        H5Acreate_by_name(file, object.c_str(), name.c_str(), type, space.id(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
        H5Aclose, "create", subject);
    checked(H5Awrite(attribute.id(), type, buffer), "write", subject);
    attribute.close(subject);
  };
  if constexpr (std::is_same_v<T, std::string>) {
    require_no_zero(value, subject);
    const Handle type = text_type(subject);
    const char* characters = value.c_str();
    write_as(type.id(), &characters);
  } else if constexpr (is_list<T>) {
    write_as(memory_type<typename T::value_type>(), value.data());
  } else {
    write_as(memory_type<T>(), &value);
  }
}

template <typename T>
T File::read_attribute(const std::string& object, const std::string& name) const {
  const Subject subject{path_, attribute_name(object, name)};
  const Handle attribute(H5Aopen_by_name(opened(id_, subject), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT),
                         H5Aclose, "open", subject);
  const Handle type(H5Aget_type(attribute.id()), H5Tclose, "read the type of", subject);
  const Handle space(H5Aget_space(attribute.id()), H5Sclose, "read the shape of", subject);
  if constexpr (std::is_same_v<T, std::string>) {
    require_text(type.id(), space.id(), subject);
    return text_of(
        type.id(), [&](hid_t kind, void* buffer) { return H5Aread(attribute.id(), kind, buffer); }, subject);
  } else if constexpr (is_list<T>) {
    require_numbers(type.id(), subject);
    const std::vector<hsize_t> shape = extents(space.id(), subject);
    if (shape.size() != 1) {
      refuse(subject, "is no list of numbers");
    }
    T values(shape[0]);
    checked(H5Aread(attribute.id(), memory_type<typename T::value_type>(), values.data()), "read", subject);
    return values;
  } else {
    require_numbers(type.id(), subject);
    if (H5Sget_simple_extent_npoints(space.id()) != 1) {
      refuse(subject, "holds several numbers, not one");
    }
    T value{};
    checked(H5Aread(attribute.id(), memory_type<T>(), &value), "read", subject);
    return value;
  }
}

bool is_hdf5(const std::filesystem::path& path) {
  constexpr std::array<unsigned char, 8> signature = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
  const Descriptor file = Descriptor::open_to_read(path);
  const std::uint64_t size = file.size();
  std::array<std::byte, signature.size()> found{};
  for (std::uint64_t offset = 0; offset + found.size() <= size; offset = offset == 0 ? 512 : 2 * offset) {
    file.read_at(offset, found);
    if (std::memcmp(found.data(), signature.data(), signature.size()) == 0) {
      return true;
    }
  }
  return false;
}

template void File::write<float>(const std::string&, const std::vector<std::uint64_t>&, std::span<const float>, Layout);
template void File::write<double>(const std::string&, const std::vector<std::uint64_t>&, std::span<const double>,
                                  Layout);
template void File::write<std::uint8_t>(const std::string&, const std::vector<std::uint64_t>&,
                                        std::span<const std::uint8_t>, Layout);
template void File::write<std::int32_t>(const std::string&, const std::vector<std::uint64_t>&,
                                        std::span<const std::int32_t>, Layout);
template void File::write<std::int64_t>(const std::string&, const std::vector<std::uint64_t>&,
                                        std::span<const std::int64_t>, Layout);
template void File::write<std::uint64_t>(const std::string&, const std::vector<std::uint64_t>&,
                                         std::span<const std::uint64_t>, Layout);
template void File::create<float>(const std::string&, const std::vector<std::uint64_t>&, const Chunks&);
template void File::create<double>(const std::string&, const std::vector<std::uint64_t>&, const Chunks&);
template void File::create<std::uint8_t>(const std::string&, const std::vector<std::uint64_t>&, const Chunks&);
template void File::create<std::int32_t>(const std::string&, const std::vector<std::uint64_t>&, const Chunks&);
template void File::create<std::int64_t>(const std::string&, const std::vector<std::uint64_t>&, const Chunks&);
template void File::create<std::uint64_t>(const std::string&, const std::vector<std::uint64_t>&, const Chunks&);
template void File::write_rows(const std::string&, std::uint64_t, std::uint64_t, std::span<const float>);
template void File::write_rows(const std::string&, std::uint64_t, std::uint64_t, std::span<const double>);
template void File::write_rows(const std::string&, std::uint64_t, std::uint64_t, std::span<const std::uint8_t>);
template void File::write_rows(const std::string&, std::uint64_t, std::uint64_t, std::span<const std::int32_t>);
template void File::write_rows(const std::string&, std::uint64_t, std::uint64_t, std::span<const std::int64_t>);
template void File::write_rows(const std::string&, std::uint64_t, std::uint64_t, std::span<const std::uint64_t>);
template void File::read_rows(const std::string&, std::uint64_t, std::uint64_t, std::span<float>) const;
template void File::read_rows(const std::string&, std::uint64_t, std::uint64_t, std::span<double>) const;
template void File::read_rows(const std::string&, std::uint64_t, std::uint64_t, std::span<std::uint8_t>) const;
template void File::read_rows(const std::string&, std::uint64_t, std::uint64_t, std::span<std::int32_t>) const;
template void File::read_rows(const std::string&, std::uint64_t, std::uint64_t, std::span<std::int64_t>) const;
template void File::read_rows(const std::string&, std::uint64_t, std::uint64_t, std::span<std::uint64_t>) const;
template void File::read(const std::string&, std::span<float>) const;
template void File::read(const std::string&, std::span<double>) const;
template void File::read(const std::string&, std::span<std::uint8_t>) const;
template void File::read(const std::string&, std::span<std::int32_t>) const;
template void File::read(const std::string&, std::span<std::int64_t>) const;
template void File::read(const std::string&, std::span<std::uint64_t>) const;
template void File::write_attribute(const std::string&, const std::string&, const double&);
template void File::write_attribute(const std::string&, const std::string&, const std::uint64_t&);
template void File::write_attribute(const std::string&, const std::string&, const std::vector<std::uint64_t>&);
template void File::write_attribute(const std::string&, const std::string&, const std::string&);
template double File::read_attribute(const std::string&, const std::string&) const;
template std::uint64_t File::read_attribute(const std::string&, const std::string&) const;
template std::vector<std::uint64_t> File::read_attribute(const std::string&, const std::string&) const;
template std::string File::read_attribute(const std::string&, const std::string&) const;

}  // namespace cauchy::storage

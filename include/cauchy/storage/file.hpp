#pragma once
/// HDF5 files: named arrays of numbers, texts and attributes.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/storage/descriptor.hpp"

namespace cauchy::storage {

/// Whatever HDF5 or the file system refused, with HDF5's own reason. Exit code 4 unless a caller knows better.
class StorageError : public core::InputOutputError {
 public:
  using InputOutputError::InputOutputError;
};

/// The numbers that files hold here. `other`: text, compounds, references.
/// boolean is what h5py makes of bool: an enumeration of the values 0 and 1.
enum class ElementType {
  int8,
  uint8,
  int16,
  uint16,
  int32,
  uint32,
  int64,
  uint64,
  boolean,
  float16,
  float32,
  float64,
  long_double,
  other
};
const char* element_type_name(ElementType type);

struct DatasetInfo {
  ElementType type = ElementType::other;
  std::vector<std::uint64_t> shape;  ///< empty for a scalar
};

/// "1437 × 64"; "single" for a scalar.
std::string shape_text(const std::vector<std::uint64_t>& shape);

/// Where a part of a dataset's contents lies in the file.
struct Piece {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::string dataset;                    ///< "/features"
  std::optional<std::uint64_t> sum = {};  ///< CRC-64/XZ, where it is known from writing
};

/// How a dataset lies in the file.
enum class Layout {
  contiguous,  ///< in one piece
  checked,     ///< in chunks of about a megabyte, each with a fletcher32 check sum
};

/// How an array that is written row by row lies in the file.
struct Chunks {
  std::uint64_t rows = 0;    ///< of a chunk, fewer where they have more than a megabyte; 0: the array lies in one piece
  unsigned compression = 0;  ///< level of deflate, 1 to 9, behind a shuffle of bytes; 0: none
};

class Array;
struct Subject;

/// One open HDF5 file. Object names are paths such as "/parameters/dense_1/weights". Closes silently if it must; a
/// writer calls close() to learn whether everything reached the file. Files are written without time stamps, so that
/// equal contents give equal bytes. Every function throws StorageError, naming the file and the object.
///
///     File file = File::create("digits.h5");
///     file.write<float>("/features", {1437, 64}, values);
///     file.close();
class File {
 public:
  /// For reading, without file locks (network file systems refuse them).
  static File open(const std::filesystem::path& path);

  /// A new file; an existing one is an error. The first user_block_bytes (0, or a power of two of at least 512) belong
  /// to the caller.
  static File create(const std::filesystem::path& path, std::uint64_t user_block_bytes = 0);

  ~File();
  File(File&& other) noexcept { *this = std::move(other); }
  File& operator=(File&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(id_, other.id_);
    std::swap(writeback_, other.writeback_);
    std::swap(sums_, other.sums_);
    std::swap(arrays_, other.arrays_);
    return *this;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Flushes, brings to the device and closes.
  void close();

  bool has(const std::string& name) const;
  bool is_group(const std::string& name) const;
  /// Names of the members of a group, sorted.
  std::vector<std::string> members(const std::string& group) const;
  /// Names of the attributes of an object, sorted.
  std::vector<std::string> attributes(const std::string& object) const;
  DatasetInfo info(const std::string& dataset) const;
  /// Whether space in the file was taken for all of a dataset. Of what never was, because its writer did not come so
  /// far, HDF5 reads zeros.
  bool is_whole(const std::string& dataset) const;
  /// The contents of all datasets, by offset.
  std::vector<Piece> pieces() const;

  void create_group(const std::string& name);

  /// A whole array, row-major; values.size() is the product of the shape. Parent groups are created.
  /// T: float, double, std::uint8_t, std::int32_t, std::int64_t, std::uint64_t.
  template <typename T>
  void write(const std::string& dataset, const std::vector<std::uint64_t>& shape, std::span<const T> values,
             Layout layout = Layout::contiguous);

  /// An array that write_rows() fills, all of it before close(). Parent groups are created. T as in write().
  template <typename T>
  void create(const std::string& dataset, const std::vector<std::uint64_t>& shape, const Chunks& chunks = {});

  /// Rows [first, first + rows) of such an array; values.size() is rows × the other dimensions.
  template <typename T>
  void write_rows(const std::string& dataset, std::uint64_t first, std::uint64_t rows, std::span<const T> values);

  /// Rows [first, first + rows) of the first dimension, converted to T. values.size() is rows × the other dimensions.
  /// Of compressed arrays the chunks that the next rows may need stay unpacked, 64 MB at most.
  template <typename T>
  void read_rows(const std::string& dataset, std::uint64_t first, std::uint64_t rows, std::span<T> values) const;

  /// All of it, converted to T. values.size() is the product of the shape.
  template <typename T>
  void read(const std::string& dataset, std::span<T> values) const;

  /// A UTF-8 text as a dataset of one string.
  void write_text(const std::string& dataset, const std::string& text);
  /// UTF-8 texts as a dataset of one dimension.
  void write_texts(const std::string& dataset, const std::vector<std::string>& texts);
  std::string read_text(const std::string& dataset) const;

  /// T: double, std::uint64_t, std::vector<std::uint64_t>, std::string. The object may be a group, a dataset or "/".
  /// A list of numbers that is read has one dimension.
  template <typename T>
  void write_attribute(const std::string& object, const std::string& name, const T& value);
  template <typename T>
  T read_attribute(const std::string& object, const std::string& name) const;

 private:
  File(std::filesystem::path path, std::int64_t id) : path_(std::move(path)), id_(id) {}
  void write_texts_as(const std::string& dataset, const std::vector<std::uint64_t>& shape,
                      std::span<const std::string> texts);
  void collect_pieces(const std::string& group, std::vector<Piece>& pieces) const;
  void wrote_something();
  Array& array(const Subject& subject) const;

  std::filesystem::path path_;
  std::int64_t id_ = -1;  ///< HDF5's identifier; -1: closed
  Writeback writeback_;
  std::map<std::string, std::vector<std::uint64_t>> sums_;  ///< of the pieces of a dataset that was written in chunks
  mutable std::map<std::string, std::shared_ptr<Array>> arrays_;  ///< of which rows were read or written
};

/// Whether the file starts (after a user block) with HDF5's signature. False for anything else; throws if it cannot be
/// read.
bool is_hdf5(const std::filesystem::path& path);

}  // namespace cauchy::storage

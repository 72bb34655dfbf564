// IDX files to HDF5.

#include "cauchy/data/idx.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/storage/file.hpp"
#include "cauchy/storage/seal.hpp"

namespace cauchy::data {
namespace {

using Values =
    std::variant<std::vector<std::uint8_t>, std::vector<std::int32_t>, std::vector<float>, std::vector<double>>;

struct IdxArray {
  std::vector<std::uint64_t> shape;
  Values values;
};

// A file that is read from front to end, gzipped or not.
class ByteSource {
 public:
  explicit ByteSource(const std::filesystem::path& path) : path_(path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
      throw core::UserError(path.string() + ": is a folder, not an IDX file");
    }
    errno = 0;
    file_.reset(gzopen(path.c_str(), "rb"));
    if (!file_) {
      throw core::UserError(path.string() + ": " + (errno == 0 ? "out of memory" : std::strerror(errno)));
    }
  }

  // Fills the span; throws if the file ends before.
  void read(std::span<std::uint8_t> bytes, const char* what) {
    if (read_some(bytes) < bytes.size()) {
      throw core::UserError(path_.string() + ": ends at byte " + std::to_string(position_) + ", within the " + what +
                            "; the file is truncated");
    }
  }

  void expect_end() {
    std::uint8_t byte = 0;
    if (read_some({&byte, 1}) > 0) {
      throw core::UserError(path_.string() + ": goes on after byte " + std::to_string(position_ - 1) +
                            ", where its header says that it ends");
    }
  }

  const std::filesystem::path& path() const { return path_; }

 private:
  struct Closer {
    void operator()(gzFile file) const { gzclose(file); }
  };

  std::size_t read_some(std::span<std::uint8_t> bytes) {
    constexpr std::size_t piece_bytes = std::size_t{1} << 26;
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto piece = static_cast<unsigned>(std::min(piece_bytes, bytes.size() - done));
      const int count = gzread(file_.get(), bytes.data() + done, piece);
      int code = Z_OK;
      const char* reason = gzerror(file_.get(), &code);
      if (count < 0 || (code != Z_OK && code != Z_STREAM_END)) {
        throw core::UserError(path_.string() + ": damaged or truncated after byte " +
                              std::to_string(position_ + static_cast<std::size_t>(std::max(count, 0))) + ": " +
                              (code == Z_ERRNO ? std::strerror(errno) : reason));
      }
      if (count == 0) {
        break;
      }
      done += static_cast<std::size_t>(count);
      position_ += static_cast<std::size_t>(count);
    }
    return done;
  }

  std::filesystem::path path_;
  std::unique_ptr<gzFile_s, Closer> file_;
  std::size_t position_ = 0;
};

template <typename T>
T big_endian(const std::uint8_t* bytes) {
  using Word = std::conditional_t<sizeof(T) == 8, std::uint64_t,
                                  std::conditional_t<sizeof(T) == 4, std::uint32_t,
                                                     std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint8_t>>>;
  Word word = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    word = static_cast<Word>(static_cast<std::uint64_t>(word) << 8 | bytes[i]);
  }
  return std::bit_cast<T>(word);
}

// Numbers of type Stored, kept as Kept. Memory grows with what the file really holds, whatever its header claims.
template <typename Stored, typename Kept>
Values read_values(ByteSource& source, std::uint64_t count) {
  constexpr std::uint64_t piece_values = std::uint64_t{1} << 20;
  std::vector<Kept> values;
  std::vector<std::uint8_t> bytes;
  while (values.size() < count) {
    const std::uint64_t piece = std::min(piece_values, count - values.size());
    bytes.resize(piece * sizeof(Stored));
    source.read(bytes, "data");
    for (std::uint64_t i = 0; i < piece; ++i) {
      values.push_back(static_cast<Kept>(big_endian<Stored>(bytes.data() + i * sizeof(Stored))));
    }
  }
  return values;
}

Values read_values_of(std::uint8_t type, ByteSource& source, std::uint64_t count) {
  switch (type) {
    case 0x08:
      return read_values<std::uint8_t, std::uint8_t>(source, count);
    case 0x09:
      return read_values<std::int8_t, std::int32_t>(source, count);
    case 0x0B:
      return read_values<std::int16_t, std::int32_t>(source, count);
    case 0x0C:
      return read_values<std::int32_t, std::int32_t>(source, count);
    case 0x0D:
      return read_values<float, float>(source, count);
    case 0x0E:
      return read_values<double, double>(source, count);
    default:
      throw core::UserError(source.path().string() + ": byte 2 is " + std::to_string(type) +
                            ", which is no IDX element type (8, 9, 11, 12, 13 or 14)");
  }
}

IdxArray read_idx(const std::filesystem::path& path) {
  ByteSource source(path);
  std::array<std::uint8_t, 4> magic{};
  source.read(magic, "header");
  if (magic[0] != 0 || magic[1] != 0) {
    throw core::UserError(path.string() + ": is not an IDX file, which starts with two zero bytes");
  }
  IdxArray array;
  std::uint64_t count = 1;
  for (unsigned dimension = 0; dimension < magic[3]; ++dimension) {
    std::array<std::uint8_t, 4> extent{};
    source.read(extent, "header");
    array.shape.push_back(big_endian<std::uint32_t>(extent.data()));
    if (__builtin_mul_overflow(count, array.shape.back(), &count)) {
      throw core::UserError(path.string() + ": the header claims more than 2^64 numbers");
    }
  }
  if (array.shape.empty() || count == 0) {
    throw core::UserError(path.string() + ": holds no numbers");
  }
  array.values = read_values_of(magic[2], source, count);
  source.expect_end();
  return array;
}

void write_array(storage::File& file, const std::string& name, const std::vector<std::uint64_t>& shape,
                 const Values& values) {
  std::visit(
      [&](const auto& vector) {
        using T = typename std::decay_t<decltype(vector)>::value_type;
        file.write<T>(name, shape, vector);
      },
      values);
}

}  // namespace

void convert_idx(const IdxConversion& conversion) {
  const IdxArray features = read_idx(conversion.input);
  const IdxArray targets = read_idx(conversion.targets);
  const std::uint64_t rows = features.shape[0];
  if (targets.shape.size() != 1) {
    throw core::UserError(conversion.targets.string() + ": has " + std::to_string(targets.shape.size()) +
                          " dimensions; one label a sample is needed (are --input and --targets swapped?)");
  }
  if (targets.shape[0] != rows) {
    throw core::UserError("row counts differ: " + conversion.input.string() + " has " + std::to_string(rows) + ", " +
                          conversion.targets.string() + " has " + std::to_string(targets.shape[0]));
  }
  std::uint64_t inputs = 1;
  for (std::size_t dimension = 1; dimension < features.shape.size(); ++dimension) {
    inputs *= features.shape[dimension];
  }

  storage::write_sealed(conversion.output, sealed_data, [&](storage::File& file) {
    write_array(file, "/features", {rows, inputs}, features.values);
    write_array(file, "/targets", {rows}, targets.values);
  });
}

}  // namespace cauchy::data

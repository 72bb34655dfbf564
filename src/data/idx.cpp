// IDX files to HDF5.

#include "cauchy/data/idx.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "cauchy/core/error.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/storage/file.hpp"
#include "cauchy/storage/seal.hpp"
#include "idx_file.hpp"

namespace cauchy::data {
namespace {

using Values =
    std::variant<std::vector<std::uint8_t>, std::vector<std::int32_t>, std::vector<float>, std::vector<double>>;

struct IdxArray {
  std::vector<std::uint64_t> shape;
  Values values;
};

// Numbers of type Stored, kept as Kept. Memory grows with what the file really holds, whatever its header claims.
template <typename Stored, typename Kept>
Values read_values(ByteSource& source, std::uint64_t count) {
  constexpr std::uint64_t piece_values = std::uint64_t{1} << 20;
  std::vector<Kept> values;
  std::vector<char> bytes;
  while (values.size() < count) {
    const std::uint64_t piece = std::min(piece_values, count - values.size());
    bytes.resize(piece * sizeof(Stored));
    read_exactly(source, bytes, "data");
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
    default:
      return read_values<double, double>(source, count);
  }
}

IdxArray read_idx(const std::filesystem::path& path) {
  ByteSource source(path.string(), path.string());
  IdxHeader header = read_idx_header(source);
  IdxArray array{std::move(header.shape), read_values_of(header.type, source, header.numbers)};
  expect_end(source);
  return array;
}

void write_array(storage::File& file, const std::string& name, const std::vector<std::uint64_t>& shape,
                 const Values& values, const storage::Chunks& chunks) {
  std::visit(
      [&](const auto& vector) {
        using T = typename std::decay_t<decltype(vector)>::value_type;
        file.create<T>(name, shape, chunks);
        file.write_rows<T>(name, 0, shape[0], vector);
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
    write_array(file, "/features", {rows, inputs}, features.values, conversion.chunks);
    write_array(file, "/targets", {rows}, targets.values, conversion.chunks);
  });
}

}  // namespace cauchy::data

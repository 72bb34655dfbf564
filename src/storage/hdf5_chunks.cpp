// Chunks with check sums, written one by one.

#include "hdf5_chunks.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "cauchy/core/crc64.hpp"

namespace cauchy::storage {
namespace {

constexpr std::uint64_t chunk_bytes = std::uint64_t{1} << 20;
constexpr hsize_t most_small_chunks = 4096;  // HDF5 1.10 looks at all chunks to find one
constexpr std::size_t sum_bytes = 4;
constexpr std::size_t block_bytes = std::size_t{1} << 14;  // stay in a processor's cache while they are summed

/// Zero stays zero, and no other number becomes zero: sums of 16 bits whose carry comes in again at the other end.
std::uint64_t with_carry(std::uint64_t sum) {
  return sum == 0 ? 0 : (sum - 1) % 0xFFFF + 1;
}

/// What HDF5's filter appends to a chunk: the sum of its words of 16 bits with the high byte first, and above it the
/// sum of all the sums on the way there, both modulo 2^16 - 1. There, words whose low byte comes first are 256 times
/// those, so that bytes need not be swapped.
class Fletcher32 {
 public:
  explicit Fletcher32(std::uint64_t words) : words_left_(words) {}

  /// Whole words; at most block_bytes.
  void update(std::span<const std::byte> bytes) {
    std::array<std::uint32_t, lanes> sums{};
    std::array<std::uint32_t, lanes> sums_of_sums{};
    const std::uint64_t rows = bytes.size() / row_bytes;
    for (std::uint64_t i = 0; i < rows; ++i) {
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        sums[lane] += word_at(bytes, i * lanes + lane);
        sums_of_sums[lane] += sums[lane];
      }
    }
    // The word of row i and a lane counts words_left - (i·lanes + lane) times, lanes·(rows - i) of which are in its sum
    // of sums.
    words_left_ -= rows * lanes;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      sum_ += sums[lane];
      weighted_ +=
          words_left_ * sums[lane] + lanes * std::uint64_t{sums_of_sums[lane]} - lane * std::uint64_t{sums[lane]};
    }
    for (std::uint64_t i = rows * lanes; i < bytes.size() / word_bytes; ++i, --words_left_) {
      sum_ += word_at(bytes, i);
      weighted_ += words_left_ * word_at(bytes, i);
    }
    sum_ = with_carry(sum_);
    weighted_ = with_carry(weighted_);
  }

  std::uint32_t value() const {
    return static_cast<std::uint32_t>(with_carry(256 * weighted_) << 16 | with_carry(256 * sum_));
  }

 private:
  static constexpr std::size_t word_bytes = 2;
  static constexpr std::size_t lanes = 32;
  static constexpr std::size_t row_bytes = lanes * word_bytes;
  // After more rows than 256 the sums of sums might not fit into 32 bits.
  static_assert(block_bytes == 256 * row_bytes);

  static std::uint16_t word_at(std::span<const std::byte> bytes, std::size_t index) {
    std::uint16_t word = 0;
    std::memcpy(&word, bytes.data() + index * word_bytes, word_bytes);
    return word;
  }

  std::uint64_t words_left_;
  std::uint64_t sum_ = 0;       ///< Σ word_i
  std::uint64_t weighted_ = 0;  ///< Σ (words - i)·word_i
};

std::uint64_t product(std::span<const hsize_t> extents) {
  std::uint64_t result = 1;
  for (const hsize_t extent : extents) {
    result *= extent;
  }
  return result;
}

/// The place of a chunk's first element in the array.
std::uint64_t place_of(std::span<const hsize_t> corner, std::span<const hsize_t> shape) {
  std::uint64_t place = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    place = place * shape[i] + corner[i];
  }
  return place;
}

/// Elements of a chunk that belong to the array: chunks at its end reach beyond it.
std::uint64_t elements_at(std::span<const hsize_t> corner, std::span<const hsize_t> chunk,
                          std::span<const hsize_t> shape) {
  std::uint64_t elements = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    elements *= std::min(chunk[i], shape[i] - corner[i]);
  }
  return elements;
}

/// Makes a chunk of its elements: zeros follow where it reaches beyond the array, and the filter's sum. Gives the
/// CRC-64/XZ of it all.
std::uint64_t fill_chunk(std::span<std::byte> chunk, std::span<const std::byte> elements) {
  const std::size_t data_bytes = chunk.size() - sum_bytes;
  Fletcher32 check((data_bytes + 1) / 2);
  core::Crc64 sum;
  for (std::size_t first = 0; first < data_bytes; first += block_bytes) {
    const std::size_t size = std::min(block_bytes, data_bytes - first);
    const auto rest = elements.subspan(std::min(first, elements.size()));
    const auto part = rest.first(std::min(size, rest.size()));
    const auto block = chunk.subspan(first, size + size % 2);  // an odd last byte makes a word with a zero
    std::ranges::copy(part, block.begin());
    std::ranges::fill(block.subspan(part.size()), std::byte{0});
    check.update(block);
    sum.update(block.first(size));
  }
  const std::uint32_t value = check.value();
  std::memcpy(chunk.data() + data_bytes, &value, sum_bytes);
  sum.update(chunk.last(sum_bytes));
  return sum.value();
}

}  // namespace

std::vector<hsize_t> chunk_extents(hid_t properties, std::size_t dimensions, const Subject& subject) {
  std::vector<hsize_t> chunk(dimensions);
  checked(H5Pget_chunk(properties, static_cast<int>(dimensions), chunk.data()), "look at", subject);
  if (std::ranges::find(chunk, hsize_t{0}) != chunk.end()) {
    refuse(subject, "has chunks without elements");
  }
  return chunk;
}

hsize_t quotient_up(hsize_t dividend, hsize_t divisor) {
  return dividend / divisor + (dividend % divisor == 0 ? 0 : 1);
}

bool advance(std::vector<hsize_t>& corner, std::span<const hsize_t> chunk, std::span<const hsize_t> shape) {
  for (std::size_t i = shape.size(); i-- > 0;) {
    corner[i] += chunk[i];
    if (corner[i] < shape[i]) {
      return true;
    }
    corner[i] = 0;
  }
  return false;
}

std::vector<hsize_t> chunk_shape(std::span<const hsize_t> shape, std::size_t element_bytes) {
  std::vector<hsize_t> chunk(shape.size());
  std::uint64_t budget = chunk_bytes / element_bytes;
  for (std::size_t i = shape.size(); i-- > 0;) {
    chunk[i] = std::min<std::uint64_t>(shape[i], budget);
    budget = std::max<std::uint64_t>(1, budget / chunk[i]);
  }
  return chunk;
}

std::vector<hsize_t> even_chunk_shape(std::span<const hsize_t> shape, std::size_t element_bytes,
                                      std::uint64_t most_rows) {
  std::vector<hsize_t> chunk = chunk_shape(shape, element_bytes);
  const hsize_t rows = std::max<hsize_t>(most_rows, quotient_up(shape[0], most_small_chunks));
  const hsize_t chunks = quotient_up(shape[0], std::min(chunk[0], rows));
  chunk[0] = quotient_up(shape[0], chunks);
  return chunk;
}

std::vector<std::uint64_t> write_chunks(hid_t dataset, std::span<const hsize_t> shape, std::size_t element_bytes,
                                        std::span<const std::byte> values, const Subject& subject,
                                        const std::function<void()>& written) {
  const std::vector<hsize_t> chunk = chunk_shape(shape, element_bytes);
  std::vector<std::byte> buffer(product(chunk) * element_bytes + sum_bytes);
  std::vector<hsize_t> corner(chunk.size(), 0);
  std::vector<std::uint64_t> sums;
  do {
    const auto part =
        values.subspan(place_of(corner, shape) * element_bytes, elements_at(corner, chunk, shape) * element_bytes);
    sums.push_back(fill_chunk(buffer, part));
    checked(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, corner.data(), buffer.size(), buffer.data()), "write", subject);
    written();
  } while (advance(corner, chunk, shape));
  return sums;
}

}  // namespace cauchy::storage

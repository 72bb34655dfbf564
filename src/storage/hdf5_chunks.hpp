#pragma once
/// Datasets in chunks, each with a check sum of HDF5's own kind. Private to storage.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "hdf5_call.hpp"

namespace cauchy::storage {

/// Extents of the chunks of a dataset with these creation properties, of so many dimensions: none is 0.
std::vector<hsize_t> chunk_extents(hid_t properties, std::size_t dimensions, const Subject& subject);

hsize_t quotient_up(hsize_t dividend, hsize_t divisor);

/// Moves the corner of a chunk to the next one in row-major order; false after the last.
bool advance(std::vector<hsize_t>& corner, std::span<const hsize_t> chunk, std::span<const hsize_t> shape);

/// Extents of chunks of about a megabyte: whole rows, as far as they fit. Each is one run of a row-major array.
std::vector<hsize_t> chunk_shape(std::span<const hsize_t> shape, std::size_t element_bytes);

/// The same, with at most `most_rows` rows, unless they would be thousands of small ones, and about as many in each.
std::vector<hsize_t> even_chunk_shape(std::span<const hsize_t> shape, std::size_t element_bytes,
                                      std::uint64_t most_rows);

/// Writes a whole array, in chunks of chunk_shape(), into a dataset of this shape that has HDF5's filter fletcher32 and
/// no other: past the filter and the cache of HDF5, which go over the bytes many times. Gives the CRC-64/XZ of each
/// chunk as it lies in the file, in row-major order. `written` is called after each.
std::vector<std::uint64_t> write_chunks(hid_t dataset, std::span<const hsize_t> shape, std::size_t element_bytes,
                                        std::span<const std::byte> values, const Subject& subject,
                                        const std::function<void()>& written);

}  // namespace cauchy::storage

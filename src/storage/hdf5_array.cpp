// Open datasets.

#include "hdf5_array.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "cauchy/core/activity.hpp"
#include "hdf5_chunks.hpp"
#include "hdf5_type.hpp"

namespace cauchy::storage {
namespace {

constexpr std::uint64_t most_cache_bytes = std::uint64_t{1} << 26;  // but always one chunk

/// Chunks as they lie side by side in the rows of an array.
struct Band {
  std::uint64_t chunks = 1;
  std::uint64_t bytes = 0;
};

Band band_of(hid_t dataset, hid_t properties, const Subject& subject) {
  const Handle type(H5Dget_type(dataset), H5Tclose, "read the type of", subject);
  const Handle space(H5Dget_space(dataset), H5Sclose, "read the shape of", subject);
  const std::vector<hsize_t> shape = extents(space.id(), subject);
  const std::vector<hsize_t> chunk = chunk_extents(properties, shape.size(), subject);
  const std::uint64_t chunk_bytes = element_count(chunk, subject) * H5Tget_size(type.id());
  const std::uint64_t most = std::max<std::uint64_t>(1, most_cache_bytes / std::max<std::uint64_t>(1, chunk_bytes));
  Band band;
  for (std::size_t i = 1; i < shape.size() && band.chunks < most; ++i) {
    band.chunks *= quotient_up(shape[i], chunk[i]);
  }
  band.chunks = std::clamp<std::uint64_t>(band.chunks, 1, most);
  band.bytes = band.chunks * chunk_bytes;
  return band;
}

Handle open_dataset(hid_t file, const Subject& subject) {
  const auto open_with = [&](hid_t access) {
    return Handle(H5Dopen2(file, subject.object.c_str(), access), H5Dclose, "open", subject);
  };
  Handle dataset = open_with(H5P_DEFAULT);
  const Handle properties(H5Dget_create_plist(dataset.id()), H5Pclose, "look at", subject);
  if (H5Pget_layout(properties.id()) != H5D_CHUNKED) {
    return dataset;
  }
  Band band = band_of(dataset.id(), properties.id(), subject);
  if (band.chunks == 1 && checked(H5Pget_nfilters(properties.id()), "look at", subject) == 0) {
    band.bytes = 0;  // whole rows as they are in memory: read and written where they lie
  }
  const Handle access = property_list(H5P_DATASET_ACCESS, subject);
  const std::size_t slots = 10 * band.chunks + 511;  // of a hash table
  checked(H5Pset_chunk_cache(access.id(), slots, band.bytes, 1.0), "prepare", subject);
  dataset.close(subject);  // an open dataset would keep its cache
  return open_with(access.id());
}

/// HDF5 reads beyond the contents of a damaged dataset that claims more than it has.
void require_room(hid_t dataset, hid_t type, std::uint64_t elements, const Subject& subject) {
  const Handle properties(H5Dget_create_plist(dataset), H5Pclose, "look at", subject);
  const hsize_t bytes = H5Dget_storage_size(dataset);  // 0: nothing was written
  const std::size_t element_bytes = H5Tget_size(type);
  if (element_bytes == 0 ||
      (H5Pget_layout(properties.id()) != H5D_CHUNKED && bytes > 0 && bytes / element_bytes < elements)) {
    refuse(subject, "claims to be larger than its place in the file");
  }
}

}  // namespace

Array::Array(hid_t file, const Subject& subject)
    : dataset_(open_dataset(file, subject)),
      type_(H5Dget_type(dataset_.id()), H5Tclose, "read the type of", subject),
      space_(H5Dget_space(dataset_.id()), H5Sclose, "read the shape of", subject),
      shape_(extents(space_.id(), subject)) {
  require_room(id(), type_.id(), element_count(shape_, subject), subject);
  if (!shape_.empty()) {
    row_elements_ = element_count(std::span(shape_).subspan(1), subject);
  }
}

void Array::require_complete(const Subject& subject) const {
  const Handle properties(H5Dget_create_plist(id()), H5Pclose, "look at", subject);
  if (H5Pget_layout(properties.id()) == H5D_VIRTUAL ||
      checked(H5Pget_external_count(properties.id()), "look at", subject) > 0) {
    refuse(subject, "has its numbers in other files, and HDF5 would give zeros where one is missing; `h5repack -l " +
                        subject.object + ":CONTI` puts them into one file");
  }
  const int filters = checked(H5Pget_nfilters(properties.id()), "look at", subject);
  for (int i = 0; i < filters; ++i) {
    std::array<char, 64> name{};
    std::size_t values = 0;
    unsigned flags = 0;
    const H5Z_filter_t filter = H5Pget_filter2(properties.id(), static_cast<unsigned>(i), &flags, &values, nullptr,
                                               name.size(), name.data(), nullptr);
    if (checked(H5Zfilter_avail(filter), "look at", subject) == 0) {
      refuse(subject, "is packed with the filter " + std::string(name.data()) + " (" + std::to_string(filter) +
                          "), which this HDF5 does not have; pack it with gzip, or not at all");
    }
  }
}

Handle Array::choose(std::uint64_t first, std::uint64_t rows, const Subject& subject) const {
  std::vector<hsize_t> start(shape_.size(), 0);
  std::vector<hsize_t> count = shape_;
  start[0] = first;
  count[0] = rows;
  checked(H5Sselect_hyperslab(space_.id(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr),
          "choose rows of", subject);
  return make_space(count, subject);
}

void Array::read(std::uint64_t first, std::uint64_t rows, hid_t target_type, void* target,
                 const Subject& subject) const {
  const Handle space = choose(first, rows, subject);
  checked(H5Dread(id(), target_type, space.id(), space_.id(), H5P_DEFAULT, target), "read", subject);
  core::note_progress();
}

void Array::write(std::uint64_t first, std::uint64_t rows, hid_t source_type, const void* source,
                  const Subject& subject) const {
  const Handle space = choose(first, rows, subject);
  checked(H5Dwrite(id(), source_type, space.id(), space_.id(), H5P_DEFAULT, source), "write", subject);
}

}  // namespace cauchy::storage

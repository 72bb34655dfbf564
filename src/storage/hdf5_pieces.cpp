// Where the contents of a dataset lie in its file.

#include "hdf5_pieces.hpp"

#include <cstddef>

#include "hdf5_array.hpp"
#include "hdf5_chunks.hpp"
#include "hdf5_type.hpp"

namespace cauchy::storage {
namespace {

/// What HDF5 leaves out of the address of a chunk: before 1.14.4 the user block (HDFGroup/hdf5#3003).
hsize_t chunk_base(hid_t file, const Subject& subject) {
  hsize_t user_block = 0;
#if !H5_VERSION_GE(1, 14, 4)
  const Handle creation(H5Fget_create_plist(file), H5Pclose, "look at", subject);
  checked(H5Pget_userblock(creation.id(), &user_block), "look at", subject);
#endif
  return user_block;
}

std::vector<Piece> chunks_of(hid_t file, const Array& array, hid_t properties, const Subject& subject) {
  const hsize_t base = chunk_base(file, subject);
  const std::vector<hsize_t> chunk = chunk_extents(properties, array.shape().size(), subject);
  std::vector<hsize_t> corner(chunk.size(), 0);
  std::vector<Piece> pieces;
  do {
    unsigned skipped_filters = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t bytes = 0;
    checked(H5Dget_chunk_info_by_coord(array.id(), corner.data(), &skipped_filters, &address, &bytes), "find", subject);
    if (address != HADDR_UNDEF) {
      pieces.push_back({base + address, bytes, subject.object});
    }
  } while (advance(corner, chunk, array.shape()));
  return pieces;
}

/// As many as cover the array.
std::uint64_t chunks_in(const Array& array, hid_t properties, const Subject& subject) {
  const std::vector<hsize_t> chunk = chunk_extents(properties, array.shape().size(), subject);
  std::uint64_t chunks = 1;
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    chunks *= quotient_up(array.shape()[i], chunk[i]);
  }
  return chunks;
}

}  // namespace

std::vector<Piece> pieces_of(hid_t file, const Subject& subject) {
  const Array array(file, subject);
  const Handle properties(H5Dget_create_plist(array.id()), H5Pclose, "look at", subject);
  if (H5Pget_layout(properties.id()) == H5D_CHUNKED) {
    return chunks_of(file, array, properties.id(), subject);
  }
  // The address of what was never allocated is no number, to which HDF5 adds the user block.
  const hsize_t bytes = H5Dget_storage_size(array.id());
  return bytes == 0 ? std::vector<Piece>{} : std::vector<Piece>{{H5Dget_offset(array.id()), bytes, subject.object}};
}

bool has_all_pieces(hid_t file, const Subject& subject) {
  const Array array(file, subject);
  if (element_count(array.shape(), subject) == 0) {
    return true;
  }
  const Handle properties(H5Dget_create_plist(array.id()), H5Pclose, "look at", subject);
  switch (H5Pget_layout(properties.id())) {
    case H5D_CONTIGUOUS:
      return H5Dget_storage_size(array.id()) > 0;
    case H5D_CHUNKED: {
      hsize_t present = 0;
      checked(H5Dget_num_chunks(array.id(), array.space(), &present), "count the chunks of", subject);
      return present == chunks_in(array, properties.id(), subject);
    }
    default:
      return true;
  }
}

}  // namespace cauchy::storage

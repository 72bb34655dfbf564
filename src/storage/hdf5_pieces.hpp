#pragma once
/// Where the contents of a dataset lie in its file. Private to storage.

#include <vector>

#include "hdf5_call.hpp"

namespace cauchy::storage {

/// The pieces of one dataset: its chunks, or all of it. None for one without contents of its own in the file.
std::vector<Piece> pieces_of(hid_t file, const Subject& subject);

/// Whether each chunk of a dataset, or all of it, has its place in the file. True for datasets without elements, and
/// for those whose contents lie in other files.
bool has_all_pieces(hid_t file, const Subject& subject);

}  // namespace cauchy::storage

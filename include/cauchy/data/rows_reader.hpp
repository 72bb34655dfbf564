#pragma once
/// Samples that a program brings along, read like those of a file.

#include <memory>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/reader.hpp"

namespace cauchy::data {

/// Collective. Of source.rows. Rows stay in memory. Throws an agreed core::UserError if there are none, if ranks bring
/// different numbers of them, or if the source names what only files have, such as a column of weights.
std::unique_ptr<const Reader> open_rows(const communication::Communicator& ranks, const Source& source);

}  // namespace cauchy::data

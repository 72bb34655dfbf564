#pragma once
/// The files that a source names.

#include <string>
#include <vector>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/source.hpp"

namespace cauchy::data {

/// The files of a list such as "part-1.h5, part-2.h5": each a path or a pattern such as part-*.h5, whose files come in
/// the order of their names. A path that is there is one file, whatever its name. Throws core::UserError if there is no
/// such file, or a pattern fits none.
std::vector<std::string> files_of(const Source& source);

/// Collective. One source for each of these files, as the root finds them; else like this one.
std::vector<Source> sources_of(const communication::Communicator& ranks, const Source& source);

}  // namespace cauchy::data

#pragma once
/// What format a data file has.

#include <string>

#include "cauchy/data/source.hpp"

namespace cauchy::data {

/// hdf5, csv, tsv, table, libsvm or idx: what data.format says, or else the name of the first file, or else how it
/// begins. Throws core::UserError if it is none of these.
std::string format_of(const Source& source);

}  // namespace cauchy::data

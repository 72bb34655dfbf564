#pragma once
/// Several files as one data set.

#include <memory>
#include <vector>

#include "cauchy/data/reader.hpp"

namespace cauchy::data {

/// The rows of each reader behind those of the one before; `source` names them all. What there is one reader of stays
/// as it is. Throws an agreed core::UserError, naming the file, unless all have the same columns. The same on all
/// ranks.
std::unique_ptr<const Reader> join(const Source& source, std::vector<std::unique_ptr<const Reader>> parts);

}  // namespace cauchy::data

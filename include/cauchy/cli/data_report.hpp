#pragma once
/// What is in a data file, in words.

#include <string>
#include <vector>

#include "cauchy/data/reader.hpp"
#include "cauchy/data/summary.hpp"

namespace cauchy::cli {

/// Rows, features, ranges, values at fault, targets, and the likelihood that suits them. `names` of the inputs, and of
/// the classes where the data have them.
std::string data_report(const data::Summary& summary, const data::Reader& reader, const std::vector<std::string>& names,
                        const std::vector<std::string>& classes);

}  // namespace cauchy::cli

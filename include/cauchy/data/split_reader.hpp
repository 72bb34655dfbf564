#pragma once
/// One half of a data set as a data set of its own.

#include <memory>

#include "cauchy/data/reader.hpp"
#include "cauchy/data/split.hpp"

namespace cauchy::data {

/// The rows of one half, numbered from 0; messages name the rows of the whole. `split` is that of the whole's rows. A
/// rank reads the rows of the whole between the first and the last that it was asked for.
std::unique_ptr<const Reader> make_split_reader(std::shared_ptr<const Reader> whole, std::shared_ptr<const Split> split,
                                                Half half);

}  // namespace cauchy::data

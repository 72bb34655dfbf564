#pragma once
/// LIBSVM files, also called SVMlight: a label and the features that are not zero, "1 3:0.5 17:1".

#include <memory>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/encoding.hpp"
#include "cauchy/data/reader.hpp"

namespace cauchy::data {

/// Collective. Counts rows and elements and, where `training` is not active, finds out the number of features, whether
/// indices count from 0, which they do if any index is 0, and the classes. Throws an agreed core::UserError with the
/// place of the fault.
std::unique_ptr<const Reader> open_libsvm(const communication::Communicator& ranks, const Source& source,
                                          const Encoding& training);

}  // namespace cauchy::data

#pragma once
/// Tables of text: CSV, TSV, and columns between blanks.

#include <memory>
#include <string>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/encoding.hpp"
#include "cauchy/data/reader.hpp"

namespace cauchy::data {

/// Collective. `format`: csv, tsv or table. Counts the rows and, where `training` is not active, finds out the
/// categories of columns of text and what stands for missing values. Otherwise columns are found by their names in the
/// training data, and encoded like them. Throws an agreed core::UserError with the place of the fault.
std::unique_ptr<const Reader> open_table(const communication::Communicator& ranks, const Source& source,
                                         const std::string& format, const Encoding& training);

}  // namespace cauchy::data

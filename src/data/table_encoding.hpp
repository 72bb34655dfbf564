#pragma once
/// What was seen in the training data decides how columns of a table become numbers.

#include "cauchy/data/encoding.hpp"
#include "table_scan.hpp"

namespace cauchy::data {

/// The categories of columns of texts, and what stands for missing values. Throws core::UserError, naming the column.
Encoding make_encoding(const Table& table, const TableFindings& findings);

/// Tells the user what was passed over and, of training data, what columns became.
void tell_of_table(const Table& table, const TableFindings& findings, bool is_training);

}  // namespace cauchy::data

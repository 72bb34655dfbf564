#pragma once
/// A table is read once as a whole, to count its rows and to learn what its columns hold.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cauchy/communication/communicator.hpp"
#include "exact_sum.hpp"
#include "table.hpp"

namespace cauchy::data {

// A column of more different texts is a name, a date or a comment.
constexpr std::size_t most_categories = 4096;

/// What is seen in a column.
struct ColumnFindings {
  std::map<std::string, std::uint64_t> texts;  ///< and how often; of columns of text
  ExactSum sum;                                ///< of numbers, for the mean
  std::uint64_t values = 0;
  std::uint64_t missing = 0;
  bool is_signs = true;  ///< a target of which all values so far are 1 or -1
  bool has_plus = false;
  bool has_minus = false;
};

struct TableFindings {
  std::vector<ColumnFindings> columns;
  std::uint64_t dropped = 0;
  std::uint64_t blank_lines = 0;
  std::uint64_t trailing = 0;  ///< separators
};

/// Collective. Makes the index of the table. `learns`: what there is to know of training data; their texts are
/// collected where the selection says so. Throws an agreed core::UserError with the place of the first fault.
TableFindings scan_table(const communication::Communicator& ranks, Table& table, bool learns);

}  // namespace cauchy::data

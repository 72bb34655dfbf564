// How columns of a table become numbers.

#include "table_encoding.hpp"

#include <algorithm>
#include <string>

#include "cauchy/core/error.hpp"
#include "text_number.hpp"

namespace cauchy::data {
namespace {

/// Numbers in their order before texts in theirs.
bool precedes(const std::string& a, const std::string& b) {
  const NumberText number_a = read_number(a);
  const NumberText number_b = read_number(b);
  if (number_a.fault == nullptr && number_b.fault == nullptr && number_a.value != number_b.value) {
    return number_a.value < number_b.value;
  }
  return (number_a.fault == nullptr) != (number_b.fault == nullptr) ? number_a.fault == nullptr : a < b;
}

EncodedColumn encoded(const Table& table, std::size_t column, const ColumnFindings& found, bool is_category) {
  EncodedColumn result{table.layout.names[column], {}, {}, table.is_token(column)};
  const auto values = static_cast<double>(found.values);
  if (is_category) {
    for (const auto& [text, count] : found.texts) {
      result.categories.push_back(text);
    }
    std::ranges::sort(result.categories, precedes);
    for (std::size_t i = 0; table.fills() && table.can_fill(column) && i < result.categories.size(); ++i) {
      result.fill.push_back(static_cast<double>(found.texts.at(result.categories[i])) / values);
    }
  } else if (table.is_target(column)) {
    if (found.is_signs && found.has_plus && found.has_minus && table.source.reading.target_type == "auto") {
      result.categories = {"-1", "1"};
    }
  } else if (table.fills()) {
    result.fill = {found.sum.value() / values};
  }
  if (result.categories.size() > most_categories) {
    throw core::UserError(at(table.source) + "column " + result.name + " has " +
                          std::to_string(result.categories.size()) +
                          " different texts, too many for categories; data.exclude leaves it out");
  }
  if (found.values == 0) {
    throw core::UserError(at(table.source) + "column " + result.name + " has no values");
  }
  return result;
}

}  // namespace

Encoding make_encoding(const Table& table, const TableFindings& findings) {
  Encoding encoding;
  for (const std::size_t column : table.selection.features) {
    encoding.features.push_back(encoded(table, column, findings.columns[column], table.selection.is_category[column]));
  }
  for (const std::size_t column : table.selection.targets) {
    encoding.targets.push_back(encoded(table, column, findings.columns[column], table.selection.is_category[column]));
  }
  return encoding;
}

void tell_of_table(const Table& table, const TableFindings& findings, bool is_training) {
  if (!table.source.tell) {
    return;
  }
  const auto say = [&](const std::string& text) { table.source.tell(at(table.source) + text); };
  if (findings.blank_lines > 0) {
    say("passed over " + plural(findings.blank_lines, "blank line"));
  }
  if (findings.trailing > 0) {
    say("passed over a separator at the end of rows");
  }
  if (findings.dropped > 0) {
    say("dropped " + std::to_string(findings.dropped) + " of " + plural(findings.dropped + table.index.rows, "row") +
        ", in which values are missing");
  }
  for (const std::size_t column : table.selection.features) {
    if (findings.columns[column].missing > 0) {
      say(plural(findings.columns[column].missing, "missing value") + " of " + table.layout.names[column] +
          " became the mean of the training data");
    }
  }
  if (!is_training) {
    return;
  }
  if (table.selection.last_is_target) {
    say("the target is the last column, " + table.encoding.targets[0].name + " (data.targets names another)");
  }
  for (const EncodedColumn& column : table.encoding.features) {
    if (!column.categories.empty()) {
      say("column " + column.name + " became " +
          (column.is_token ? "tokens" : plural(column.categories.size(), "input")) + ", one for each of " +
          first_of(column.categories, 8));
    }
  }
  for (const EncodedColumn& column : table.encoding.targets) {
    if (!column.categories.empty()) {
      say(column.name + " became the classes 0 to " + std::to_string(column.categories.size() - 1) + ": " +
          first_of(column.categories, 8));
    }
  }
}

}  // namespace cauchy::data

// What is in a data file, in words.

#include "cauchy/cli/data_report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "cauchy/reporting/number.hpp"

namespace cauchy::cli {
namespace {

using data::ColumnSummary;
using reporting::grouped;
using reporting::short_text;

// More features are told in sum.
constexpr std::size_t most_features = 32;
constexpr std::size_t most_named = 8;
constexpr std::size_t most_shown_values = 20;
// Deviations that differ by more hinder gradient descent.
constexpr double uneven = 10;

std::string percent(double part, double whole) {
  return short_text(whole > 0 ? 100 * part / whole : 0, 3) + " %";
}

std::string share(std::uint64_t part, std::uint64_t whole) {
  return grouped(part) + " (" + percent(static_cast<double>(part), static_cast<double>(whole)) + ")";
}

/// "3: age, income, x7" of the columns that have a property, or "none".
std::string listed(const std::vector<ColumnSummary>& columns, const std::vector<std::string>& names,
                   const std::function<bool(const ColumnSummary&)>& has) {
  std::string text;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (has(columns[i])) {
      text += count < most_named ? (count == 0 ? "" : ", ") + names[i] : "";
      ++count;
    }
  }
  return count == 0 ? "none" : grouped(count) + ": " + text + (count > most_named ? ", ..." : "");
}

/// "207 NaN or missing, 3 infinite; the first in total_bedrooms at row 290", or "none".
std::string faults(const std::vector<ColumnSummary>& columns, const std::vector<std::string>& names,
                   const std::function<std::string(std::uint64_t)>& place) {
  std::uint64_t missing = 0;
  std::uint64_t infinite = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    missing += columns[i].missing();
    infinite += columns[i].infinite();
    first = columns[i].first_fault() < columns[first].first_fault() ? i : first;
  }
  if (missing + infinite == 0) {
    return "none";
  }
  return grouped(missing) + " NaN or missing, " + grouped(infinite) + " infinite; the first is " + names[first] +
         " of " + place(columns[first].first_fault()) + "\n            in " +
         listed(columns, names, [](const ColumnSummary& column) { return column.missing() + column.infinite() > 0; });
}

using Row = std::array<std::string, 7>;

std::string table(const std::vector<Row>& rows) {
  std::array<std::size_t, 7> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = "  " + row[0] + std::string(widths[0] - row[0].size(), ' ');
    for (std::size_t i = 1; i < row.size(); ++i) {
      line += "  " + std::string(widths[i] - row[i].size(), ' ') + row[i];
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

Row row_of(const std::string& name, const ColumnSummary& column) {
  if (column.finite() == 0) {
    return {name, "", "", "", "", column.missing() + column.infinite() > 0 ? "no number" : "", ""};
  }
  return {name,
          short_text(column.minimum(), 5),
          short_text(column.mean(), 5),
          short_text(column.maximum(), 5),
          short_text(column.deviation(), 4),
          column.constant()   ? "constant"
          : column.integers() ? "whole"
                              : "real",
          column.missing() + column.infinite() > 0 ? grouped(column.missing() + column.infinite()) + " bad" : ""};
}

std::string columns_table(const std::vector<ColumnSummary>& columns, const std::vector<std::string>& names) {
  std::vector<Row> rows{{"", "min", "mean", "max", "deviation", "", ""}};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    rows.push_back(row_of(names[i], columns[i]));
  }
  return table(rows);
}

std::string scale_text(const data::Summary& summary) {
  double smallest = INFINITY;
  double largest = 0;
  for (const ColumnSummary& column : summary.features) {
    if (column.deviation() > 0) {
      smallest = std::min(smallest, column.deviation());
      largest = std::max(largest, column.deviation());
    }
  }
  if (largest == 0) {
    return "no feature varies";
  }
  return "deviations from " + short_text(smallest, 3) + " to " + short_text(largest, 3) +
         (!summary.shape.bytes && (largest > uneven * smallest || largest > uneven || largest * uneven < 1)
              ? ": data.standardize = true makes them 1"
              : "");
}

std::string features_text(const data::Summary& summary, const data::Reader& reader,
                          const std::vector<std::string>& names) {
  const double numbers = static_cast<double>(summary.shape.rows) * static_cast<double>(summary.shape.inputs);
  const auto whole = std::ranges::count_if(
      summary.features, [](const ColumnSummary& column) { return column.finite() > 0 && column.integers(); });
  std::string text =
      "rows        " + grouped(summary.shape.rows) + "\nfeatures    " + grouped(summary.shape.inputs) +
      (summary.shape.sparse ? ", sparse; " : ", dense; ") + percent(static_cast<double>(summary.elements), numbers) +
      " of the numbers are not 0\nwhole       " + share(static_cast<std::uint64_t>(whole), summary.shape.inputs) +
      " of the features have whole numbers alone\n";
  text += "constant    " +
          listed(summary.features, names,
                 [](const ColumnSummary& column) { return column.finite() > 0 && column.constant(); }) +
          "\n";
  text += "scale       " + scale_text(summary) + "\nbad values  " +
          faults(summary.features, names, [&](std::uint64_t row) { return reader.place(data::Part::features, row); }) +
          "\n";
  if (summary.features.size() <= most_features) {
    text += "\nfeatures\n" + columns_table(summary.features, names);
  } else {
    const auto by = [&](auto value) {
      const auto compare = [&](const ColumnSummary& a, const ColumnSummary& b) { return value(a) < value(b); };
      return std::pair{*std::ranges::min_element(summary.features, compare),
                       *std::ranges::max_element(summary.features, compare)};
    };
    const auto smallest = by([](const ColumnSummary& column) { return column.minimum(); }).first;
    const auto largest = by([](const ColumnSummary& column) { return column.maximum(); }).second;
    const auto means = by([](const ColumnSummary& column) { return column.mean(); });
    text += "ranges      from " + short_text(smallest.minimum(), 5) + " to " + short_text(largest.maximum(), 5) +
            ", means from " + short_text(means.first.mean(), 5) + " to " + short_text(means.second.mean(), 5) + "\n";
  }
  return text;
}

std::string values_text(const data::Summary& summary, const std::vector<std::string>& classes) {
  std::string text;
  std::size_t shown = 0;
  for (const auto& [value, count] : summary.values) {
    if (++shown > most_shown_values) {
      return text + "  ... " + grouped(summary.values.size()) + " values in all\n";
    }
    const bool named = value >= 0 && value < static_cast<double>(classes.size());
    text += "  " + short_text(value, 15) + (named ? " " + classes[static_cast<std::size_t>(value)] : "") + "  " +
            share(count, summary.targets[0].finite()) + "\n";
  }
  return text;
}

std::string targets_text(const data::Summary& summary, const data::Reader& reader,
                         const std::vector<std::string>& classes) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < summary.targets.size(); ++i) {
    names.push_back(summary.targets.size() == 1 ? "target" : "target " + std::to_string(i));
  }
  std::string text = "\ntargets\n" + columns_table(summary.targets, names);
  const std::string bad =
      faults(summary.targets, names, [&](std::uint64_t row) { return reader.place(data::Part::targets, row); });
  if (bad != "none") {
    text += "bad values  " + bad + "\n";
  }
  if (summary.kind != data::TargetKind::real) {
    text += values_text(summary, classes);
  }
  return text;
}

}  // namespace

std::string data_report(const data::Summary& summary, const data::Reader& reader, const std::vector<std::string>& names,
                        const std::vector<std::string>& classes) {
  std::string text = features_text(summary, reader, names);
  if (!summary.targets.empty()) {
    const data::Recommendation recommendation = data::recommend(summary);
    text += targets_text(summary, reader, classes) + "\n";
    text += recommendation.likelihood.empty()
                ? recommendation.reason + "\n"
                : "model.likelihood = " + recommendation.likelihood + " would suit: " + recommendation.reason + "\n";
  }
  return text;
}

}  // namespace cauchy::cli

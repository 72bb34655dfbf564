// Coefficients of a generalized linear model.

#include "cauchy/cli/coefficient_table.hpp"

#include <algorithm>
#include <array>

#include "cauchy/reporting/csv.hpp"
#include "cauchy/reporting/number.hpp"

namespace cauchy::cli {
namespace {

using model::Coefficient;

const std::string& input_name(const Coefficient& coefficient, const CoefficientNames& names) {
  static const std::string intercept = "intercept";
  return coefficient.input == model::intercept_input ? intercept : names.inputs[coefficient.input];
}

std::string padding(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, reporting::text_width(text)), ' ');
}

std::string p_text(double p_value) {
  return p_value < 1e-16 ? "< 1e-16" : reporting::short_text(p_value, 3);
}

constexpr std::size_t number_columns = 6;
using Cells = std::array<std::string, number_columns>;

Cells cells_of(const Coefficient& coefficient) {
  if (!coefficient.determined) {
    return {"not determined", "", "", "", "", ""};
  }
  return {reporting::short_text(coefficient.estimate, 6),  reporting::short_text(coefficient.standard_error, 4),
          reporting::short_text(coefficient.statistic, 4), p_text(coefficient.p_value),
          reporting::short_text(coefficient.lower, 5),     reporting::short_text(coefficient.upper, 5)};
}

}  // namespace

std::string coefficient_table(const model::Coefficients& coefficients, const CoefficientNames& names, double level) {
  const std::string percent = reporting::short_text(100 * level, 6) + " %";
  const Cells titles{"estimate", "std. error",      coefficients.variances.empty() ? "z" : "t",
                     "p",        percent + " from", "to"};
  std::size_t name_width = 0;
  std::array<std::size_t, number_columns> widths{};
  for (std::size_t column = 0; column < number_columns; ++column) {
    widths[column] = reporting::text_width(titles[column]);
  }
  for (const Coefficient& coefficient : coefficients.all) {
    name_width = std::max(name_width, reporting::text_width(input_name(coefficient, names)));
    const Cells cells = cells_of(coefficient);
    for (std::size_t column = 0; column < number_columns; ++column) {
      widths[column] = std::max(widths[column], reporting::text_width(cells[column]));
    }
  }
  const auto row = [&](const std::string& name, const Cells& cells) {
    std::string text = "  " + name + padding(name, name_width);
    for (std::size_t column = 0; column < number_columns; ++column) {
      text += "  " + padding(cells[column], widths[column]) + cells[column];
    }
    return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  };
  std::string text;
  std::size_t output = names.outputs.size();
  for (const Coefficient& coefficient : coefficients.all) {
    if (coefficient.output != output) {
      output = coefficient.output;
      text += (text.empty() ? "" : "\n") + names.outputs[output] + "\n" + row("", titles);
    }
    text += row(input_name(coefficient, names), cells_of(coefficient));
  }
  return text;
}

std::string coefficient_csv(const model::Coefficients& coefficients, const CoefficientNames& names) {
  std::string text = "output,feature,estimate,standard_error,statistic,p_value,lower,upper\n";
  for (const Coefficient& coefficient : coefficients.all) {
    std::vector<std::string> fields{names.outputs[coefficient.output], input_name(coefficient, names)};
    for (const double number : {coefficient.estimate, coefficient.standard_error, coefficient.statistic,
                                coefficient.p_value, coefficient.lower, coefficient.upper}) {
      fields.push_back(coefficient.determined ? reporting::exact_text(number) : "");
    }
    text += reporting::csv_line(fields);
  }
  return text;
}

}  // namespace cauchy::cli

#pragma once
/// Fields of CSV files.

#include <string>
#include <vector>

namespace cauchy::reporting {

/// The text as a field: in quotes where it holds a comma, a quote, the end of a line, or blanks at its ends (RFC 4180).
std::string csv_field(const std::string& text);

/// The fields of one line, with its end.
std::string csv_line(const std::vector<std::string>& texts);

}  // namespace cauchy::reporting

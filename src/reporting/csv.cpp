// Fields of CSV files.

#include "cauchy/reporting/csv.hpp"

namespace cauchy::reporting {

std::string csv_field(const std::string& text) {
  const bool plain =
      text.find_first_of(",\"\r\n") == std::string::npos && !text.starts_with(' ') && !text.ends_with(' ');
  if (plain) {
    return text;
  }
  std::string field = "\"";
  for (const char character : text) {
    field += character == '"' ? "\"\"" : std::string(1, character);
  }
  return field + "\"";
}

std::string csv_line(const std::vector<std::string>& texts) {
  std::string line;
  for (const std::string& text : texts) {
    line += csv_field(text) + ",";
  }
  if (!line.empty()) {
    line.pop_back();
  }
  return line + "\n";
}

}  // namespace cauchy::reporting

// How columns of text became numbers.

#include "cauchy/data/encoding.hpp"

#include <charconv>

#include "cauchy/core/error.hpp"
#include "text_number.hpp"

namespace cauchy::data {
namespace {

constexpr std::string_view specials = "\\\t\n\r";
constexpr std::string_view letters = "\\tnr";

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const std::size_t special = specials.find(c);
    if (special == std::string_view::npos) {
      result += c;
    } else {
      result += '\\';
      result += letters[special];
    }
  }
  return result;
}

std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t letter =
        text[i] == '\\' && i + 1 < text.size() ? letters.find(text[i + 1]) : std::string_view::npos;
    if (letter == std::string_view::npos) {
      result += text[i];
    } else {
      result += specials[letter];
      ++i;
    }
  }
  return result;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

template <typename T>
T number(std::string_view text, const std::string& where) {
  T value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) {
    throw core::UserError(where + ": " + std::string(text) + " is no number");
  }
  return value;
}

// feature or token, name, count of fills, fills, categories; separated by tabs.
std::string column_text(std::string_view kind, const EncodedColumn& column) {
  std::string text = std::string(kind) + "\t" + escaped(column.name) + "\t" + std::to_string(column.fill.size());
  for (const double fill : column.fill) {
    text += "\t" + number_text(fill);
  }
  for (const std::string& category : column.categories) {
    text += "\t" + escaped(category);
  }
  return text + "\n";
}

EncodedColumn parse_column(const std::vector<std::string_view>& fields, const std::string& where) {
  if (fields.size() < 3) {
    throw core::UserError(where + ": a line of the encoding is too short");
  }
  EncodedColumn column{unescaped(fields[1]), {}, {}, fields[0] == "token"};
  const auto fills = number<std::size_t>(fields[2], where);
  if (fills > fields.size() - 3) {
    throw core::UserError(where + ": a line of the encoding is too short");
  }
  for (std::size_t i = 3; i < fields.size(); ++i) {
    if (i < 3 + fills) {
      column.fill.push_back(number<double>(fields[i], where));
    } else {
      column.categories.push_back(unescaped(fields[i]));
    }
  }
  if (column.is_token && column.categories.empty()) {
    throw core::UserError(where + ": column " + column.name + " has tokens and no categories");
  }
  if (fills > 0 && fills != column.inputs()) {
    throw core::UserError(where + ": column " + column.name + " has " + std::to_string(fills) + " fills for " +
                          std::to_string(column.inputs()) + " inputs");
  }
  return column;
}

}  // namespace

std::vector<std::string> feature_names(const Encoding& encoding) {
  std::vector<std::string> names;
  for (const EncodedColumn& column : encoding.features) {
    if (column.categories.empty() || column.is_token) {
      names.push_back(column.name);
      continue;
    }
    for (const std::string& category : column.categories) {
      names.push_back(column.name + "=" + category);
    }
  }
  return names;
}

std::vector<std::string> class_names(const Encoding& encoding) {
  return encoding.targets.size() == 1 ? encoding.targets[0].categories : std::vector<std::string>{};
}

std::string encoding_text(const Encoding& encoding) {
  std::string text;
  for (const EncodedColumn& column : encoding.features) {
    text += column_text(column.is_token ? "token" : "feature", column);
  }
  for (const EncodedColumn& column : encoding.targets) {
    text += column_text("target", column);
  }
  if (encoding.inputs > 0) {
    text += "libsvm\t" + std::to_string(encoding.inputs) + "\t" + std::to_string(encoding.index_base) + "\n";
  }
  return text;
}

Encoding parse_encoding(std::string_view text, const std::string& where) {
  Encoding encoding;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> fields = split(line, '\t');
    if (fields[0] == "feature" || fields[0] == "token") {
      encoding.features.push_back(parse_column(fields, where));
    } else if (fields[0] == "target") {
      encoding.targets.push_back(parse_column(fields, where));
    } else if (fields[0] == "libsvm" && fields.size() == 3) {
      encoding.inputs = number<std::uint64_t>(fields[1], where);
      encoding.index_base = number<std::uint64_t>(fields[2], where);
    } else if (!line.empty()) {
      throw core::UserError(where + ": the encoding has an unknown line: " + std::string(line.substr(0, 60)));
    }
  }
  return encoding;
}

}  // namespace cauchy::data

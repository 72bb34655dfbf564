// The help on all options.

#include "cauchy/config/help.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "cauchy/config/text.hpp"
#include "cauchy/config/value.hpp"

namespace cauchy::config {
namespace {

constexpr std::size_t columns = 100;

/// Appends words behind column `indent`, where the cursor stands, with line breaks.
void append_wrapped(std::string& text, std::string_view words, std::size_t indent) {
  std::size_t column = indent;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    const std::string_view word = words.substr(0, end);
    words.remove_prefix(std::min(end + 1, words.size()));
    if (column > indent && column + 1 + width(word) > columns) {
      text += '\n';
      text.append(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      text += ' ';
      ++column;
    }
    text += word;
    column += width(word);
  }
  text += '\n';
}

void append_option(std::string& text, const Option& option, std::size_t name_width) {
  const std::string margin(2 + name_width + 2, ' ');
  text += "  " + option.name + std::string(margin.size() - 2 - width(option.name), ' ');
  append_wrapped(text, option.help, margin.size());
  text += margin;
  const std::string shown_default = option.default_text.empty() ? "empty" : option.default_text;
  const std::string allowed = allowed_text(option);
  append_wrapped(text, "(" + allowed + "; default: " + shown_default + ")", margin.size());
}

}  // namespace

std::string help_text(const Schema& schema) {
  std::size_t name_width = 0;
  for (const Option& option : schema.options()) {
    name_width = std::max(name_width, width(option.name));
  }
  std::string text;
  for (const std::string& section : schema.sections()) {
    text += (text.empty() ? "[" : "\n[") + section + "]\n";
    for (const Option& option : schema.options()) {
      if (option.section == section) {
        append_option(text, option, name_width);
      }
    }
  }
  return text;
}

}  // namespace cauchy::config

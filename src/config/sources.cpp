// INI text, environment variables and command-line tokens.

#include "cauchy/config/sources.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "cauchy/config/text.hpp"

namespace cauchy::config {
namespace {

namespace po = boost::program_options;

constexpr std::string_view command_line = "command line";
constexpr std::string_view variable_prefix = "CAUCHY_";
constexpr std::size_t largest_file_bytes = 64U * 1024U;

/// The part of a line before its comment: a '#' that starts the line or follows a blank, outside double quotes.
std::string_view without_comment(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quoted && line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == '#' && !quoted && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return line.substr(0, i);
    }
  }
  return line;
}

/// A value of an INI line, or what is wrong with it.
struct IniValue {
  std::string value;
  std::string fault;
};

IniValue read_ini_value(std::string_view text) {
  if (!text.starts_with('"')) {
    const bool has_quote = text.find('"') != std::string_view::npos;
    return {std::string(text), has_quote ? "a double quote inside the value; put the whole value in double quotes, "
                                           "with \\\" for a quote"
                                         : ""};
  }
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      return {value, i + 1 == text.size() ? "" : "something follows the closing double quote"};
    }
    if (text[i] == '\\') {
      ++i;
      if (i >= text.size() || (text[i] != '"' && text[i] != '\\')) {
        return {"", "a lone backslash between double quotes; write \\\\ for a backslash and \\\" for a quote"};
      }
    }
    value += text[i];
  }
  return {"", "the closing double quote is missing"};
}

/// Reads INI text line by line.
class IniReader {
 public:
  explicit IniReader(std::string name) : name_(std::move(name)) {}

  void read_line(std::string_view line) {
    ++line_number_;
    const std::string_view content = trimmed(without_comment(line));
    if (content.starts_with('[')) {
      read_section(content);
    } else if (!content.empty()) {
      read_key(content);
    }
  }

  Settings take() { return std::move(settings_); }

 private:
  enum class Place { outside, inside, after_bad_header };

  std::string where() const { return name_ + ":" + std::to_string(line_number_); }

  void problem(const std::string& text) { settings_.problems.push_back(where() + ": " + text); }

  void read_section(std::string_view header) {
    const std::size_t end = header.find(']');
    section_ = trimmed(header.substr(1, end == std::string_view::npos ? end : end - 1));
    place_ = section_.empty() ? Place::after_bad_header : Place::inside;
    if (end == std::string_view::npos) {
      problem("the section header \"" + std::string(header) + "\" has no ']'");
    } else if (end + 1 != header.size()) {
      problem("something follows the section header [" + section_ + "]; put keys on lines of their own");
    } else if (section_.empty()) {
      problem("the section header [] has no name");
    } else {
      settings_.sections.push_back({section_, "", where()});
    }
  }

  void read_key(std::string_view content) {
    const std::size_t equals = content.find('=');
    if (equals == std::string_view::npos) {
      problem("\"" + std::string(content) + "\" has no '='; a line reads key = value");
      return;
    }
    const std::string name(trimmed(content.substr(0, equals)));
    if (name.empty()) {
      problem("\"" + std::string(content) + "\" has no key before '='; a line reads key = value");
      return;
    }
    const IniValue value = read_ini_value(trimmed(content.substr(equals + 1)));
    if (!value.fault.empty()) {
      problem((place_ == Place::inside ? section_ + "." : "") + name + ": " + value.fault);
    } else if (place_ == Place::inside) {
      settings_.add({section_ + "." + name, value.value, where()});
    } else if (place_ == Place::outside) {
      problem("the key " + name + " stands outside any section; put a line [section] above it");
    }
  }

  std::string name_;
  Settings settings_;
  std::string section_;
  Place place_ = Place::outside;
  std::size_t line_number_ = 0;
};

Settings only_problem(std::string text) {
  Settings settings;
  settings.problems.push_back(std::move(text));
  return settings;
}

/// Boost refuses `--key=` with nothing behind it; here that is an empty value, such as an empty list. What this
/// takes becomes an option without original tokens.
std::pair<std::string, std::string> read_empty_value(const std::string& token) {
  const bool empty_value = token.starts_with("--") && token.size() > 3 && token.find('=') == token.size() - 1;
  return {empty_value ? token.substr(2, token.size() - 3) : "", ""};
}

/// The tokens one by one: keys with the value that is attached to them, and loose values. Without descriptions, Boost
/// neither guesses abbreviated keys nor stops at the first unknown one.
std::vector<po::option> split_arguments(std::span<const std::string> arguments) {
  const std::vector<std::string> tokens(arguments.begin(), arguments.end());
  const po::options_description no_descriptions;
  using namespace po::command_line_style;
  return po::command_line_parser(tokens)
      .options(no_descriptions)
      .style(allow_long | long_allow_adjacent)
      .extra_parser(read_empty_value)
      .allow_unregistered()
      .run()
      .options;
}

Settings read_tokens(const std::vector<po::option>& tokens) {
  Settings settings;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const po::option& token = tokens[i];
    if (token.string_key.empty()) {
      settings.problems.push_back(std::string(command_line) + ": unexpected \"" + token.original_tokens.front() +
                                  "\"; options read --section.key=value");
      continue;
    }
    Setting setting{token.string_key, "", std::string(command_line)};
    if (!token.value.empty()) {
      setting.value = token.value.front();
    } else if (!token.original_tokens.empty()) {
      const bool loose_value_follows = i + 1 < tokens.size() && tokens[i + 1].string_key.empty();
      setting.without_value = !loose_value_follows;
      setting.value = loose_value_follows ? tokens[++i].original_tokens.front() : "";
    }
    settings.add(std::move(setting));
  }
  return settings;
}

}  // namespace

void Settings::add(Setting setting) {
  const auto earlier = std::ranges::find(entries, setting.key, &Setting::key);
  if (earlier == entries.end()) {
    entries.push_back(std::move(setting));
    return;
  }
  problems.push_back(setting.where + ": " + setting.key + " is set again, to \"" + setting.value + "\"; first " +
                     earlier->where + ", to \"" + earlier->value + "\"");
}

Settings read_ini(std::string_view text, const std::string& name) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) {
    text.remove_prefix(byte_order_mark.size());
  }
  IniReader reader(name);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    reader.read_line(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return reader.take();
}

Settings read_ini_file(const std::string& path) {
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (std::filesystem::is_directory(status)) {
    return only_problem(path + ": is a directory; a configuration file is wanted");
  }
  if (std::filesystem::is_other(status)) {  // a pipe could wait for a writer for ever
    return only_problem(path + ": is a pipe, socket or device; an ordinary file is wanted");
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return only_problem(path + ": cannot open the configuration file: " + std::strerror(errno));
  }
  std::string text(largest_file_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) {
    return only_problem(path + ": cannot read the configuration file: " + std::strerror(errno));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > largest_file_bytes || text.find('\0') != std::string::npos) {
    return only_problem(path + ": is not a configuration file; it is larger than 64 KiB or not text");
  }
  return read_ini(text, path);
}

Settings read_arguments(std::span<const std::string> arguments) {
  try {
    return read_tokens(split_arguments(arguments));
  } catch (const po::error& error) {
    return only_problem(std::string(command_line) + ": " + error.what() + "; options read --section.key=value");
  }
}

Settings read_environment(std::span<const Variable> variables) {
  Settings settings;
  for (const Variable& variable : variables) {
    std::string key = variable.name.substr(std::min(variable_prefix.size(), variable.name.size()));
    const std::size_t separator = key.find("__");
    if (separator != std::string::npos) {
      key[separator] = '.';
      key.erase(separator + 1, 1);
    }
    std::ranges::transform(key, key.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    settings.add({key, variable.value, "environment variable " + variable.name});
  }
  return settings;
}

std::vector<Variable> environment_variables() {
  std::vector<Variable> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    if (equals != std::string_view::npos && name.starts_with(variable_prefix) &&
        name.find("__", variable_prefix.size()) != std::string_view::npos) {
      variables.push_back({std::string(name), std::string(text.substr(equals + 1))});
    }
  }
  std::ranges::sort(variables, {}, &Variable::name);
  return variables;
}

std::string ini_value(const std::string& value) {
  const bool plain = trimmed(value).size() == value.size() && value.find_first_of("#\"") == std::string::npos;
  if (plain) {
    return value;
  }
  std::string quoted = "\"";
  for (const char character : value) {
    if (character == '"' || character == '\\') {
      quoted += '\\';
    }
    quoted += character;
  }
  return quoted + '"';
}

}  // namespace cauchy::config

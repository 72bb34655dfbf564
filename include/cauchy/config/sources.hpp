#pragma once
/// Where settings come from: INI text, environment variables, command-line tokens. Nothing here knows the options.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cauchy::config {

/// A value that one source gives to one key.
struct Setting {
  std::string key;
  std::string value;
  std::string where;           ///< such as "configs/digits.cfg:12" or "command line"
  bool without_value = false;  ///< a command-line token `--section.key` alone, which a bool takes as true
};

/// The settings of one source, and what is wrong with it.
struct Settings {
  std::vector<Setting> entries;
  std::vector<std::string> problems;  ///< a line each
  std::vector<Setting> sections;      ///< section headers of an INI text: key is the section, value empty

  /// Adds an entry; the same key a second time is a problem.
  void add(Setting setting);
};

/// A variable of the environment.
struct Variable {
  std::string name;
  std::string value;
};

/// INI text: lines `key = value` under `[section]`, as in
///
///     [data]
///     train = digits.h5        # a comment starts a line or follows a blank
///     test = "my #1 file.h5"   # \" and \\ stand for " and \ between double quotes
///
/// A byte order mark and CRLF line ends are accepted. `name` stands before the line number in every message.
Settings read_ini(std::string_view text, const std::string& name);

/// The file of this path by read_ini. A problem if it is missing, a directory, unreadable, larger than 64 KiB or
/// not text.
Settings read_ini_file(const std::string& path);

/// Tokens `--section.key=value`, `--section.key value` or `--section.key`.
Settings read_arguments(std::span<const std::string> arguments);

/// Variables CAUCHY_SECTION__KEY.
Settings read_environment(std::span<const Variable> variables);

/// The variables of this process that are named CAUCHY_SECTION__KEY. Others, such as CAUCHY_ARCH, are left out.
std::vector<Variable> environment_variables();

/// The value as INI text, in double quotes where it needs them.
std::string ini_value(const std::string& value);

}  // namespace cauchy::config

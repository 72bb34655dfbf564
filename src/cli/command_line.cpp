// A command's own options.

#include "cauchy/cli/command_line.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include "cauchy/core/error.hpp"

namespace cauchy::cli {
namespace {

std::string spelled(const CommandOption& option) {
  switch (option.value) {
    case CommandOption::Value::none:
      return "--" + option.name;
    case CommandOption::Value::required:
      return "--" + option.name + " " + option.placeholder;
    case CommandOption::Value::optional:
      return "--" + option.name + "[=" + option.placeholder + "]";
  }
  return {};
}

}  // namespace

CommandLine::CommandLine(const CommandSyntax& syntax, std::span<const std::string> arguments)
    : command_(syntax.program + syntax.name) {
  std::vector<std::string> problems;
  while (!arguments.empty()) {
    const std::string& argument = arguments[0];
    const std::string name = argument.substr(0, argument.find('='));
    const auto is_named = [&](const CommandOption& option) { return "--" + option.name == name; };
    const auto option = std::find_if(syntax.options.begin(), syntax.options.end(), is_named);
    std::size_t taken = 1;
    if (option != syntax.options.end()) {
      taken = take_option(*option, arguments, problems);
    } else if (name == "--help") {
      given_.push_back({"help", ""});
    } else if (!argument.starts_with("--") && !syntax.positional.empty() && positional_.empty()) {
      positional_ = argument;
    } else if (argument.starts_with("--") && syntax.takes_configuration &&
               (syntax.positional.empty() || name.find('.') != std::string::npos)) {
      // Keys have a section: what has none would take the file behind it for its value.
      taken = take_configuration(arguments);
    } else {
      problems.push_back("unexpected argument " + argument);
    }
    arguments = arguments.subspan(taken);
  }
  if (has("help")) {
    return;
  }
  if (!syntax.positional.empty() && positional_.empty()) {
    problems.push_back(syntax.positional + " is missing");
  }
  if (!problems.empty()) {
    std::string text;
    for (const std::string& problem : problems) {
      text += "command line: " + problem + "\n";
    }
    throw core::UserError(text + "see " + command_ + " --help");
  }
}

std::size_t CommandLine::take_option(const CommandOption& option, std::span<const std::string> arguments,
                                     std::vector<std::string>& problems) {
  const std::size_t equals = arguments[0].find('=');
  const bool has_value = equals != std::string::npos;
  const bool needs_next = option.value == CommandOption::Value::required && !has_value;
  if (has(option.name)) {
    problems.push_back("--" + option.name + " is given twice");
  }
  if (has_value && option.value == CommandOption::Value::none) {
    problems.push_back("--" + option.name + " takes no value");
  }
  if (needs_next && (arguments.size() == 1 || arguments[1].starts_with("--"))) {
    problems.push_back("--" + option.name + " needs a value: " + spelled(option));
    return 1;
  }
  given_.push_back({option.name, needs_next ? arguments[1] : has_value ? arguments[0].substr(equals + 1) : ""});
  return needs_next ? 2 : 1;
}

std::size_t CommandLine::take_configuration(std::span<const std::string> arguments) {
  const bool value_follows =
      arguments[0].find('=') == std::string::npos && arguments.size() > 1 && !arguments[1].starts_with("--");
  const std::size_t taken = value_follows ? 2 : 1;
  configuration_.insert(configuration_.end(), arguments.begin(),
                        arguments.begin() + static_cast<std::ptrdiff_t>(taken));
  return taken;
}

bool CommandLine::has(const std::string& name) const {
  return value(name).has_value();
}

std::optional<std::string> CommandLine::value(const std::string& name) const {
  for (const Given& given : given_) {
    if (given.name == name) {
      return given.value;
    }
  }
  return std::nullopt;
}

std::string CommandLine::required(const std::string& name) const {
  const std::optional<std::string> text = value(name);
  if (!text || text->empty()) {
    throw core::UserError("command line: --" + name + " is missing; see " + command_ + " --help");
  }
  return *text;
}

namespace {

template <typename Number>
bool reads(const std::string& text, Number& number) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

}  // namespace

std::uint64_t CommandLine::count(const std::string& name, std::uint64_t usual, std::uint64_t least,
                                 std::uint64_t most) const {
  std::uint64_t count = usual;
  const std::optional<std::string> text = value(name);
  if (text && (!reads(*text, count) || count < least || count > most)) {
    throw core::UserError("command line: --" + name + " " + *text + ": a whole number from " + std::to_string(least) +
                          " to " + std::to_string(most) + " is needed");
  }
  return count;
}

double CommandLine::number(const std::string& name, double usual) const {
  double number = usual;
  const std::optional<std::string> text = value(name);
  if (text && (!reads(*text, number) || !std::isfinite(number))) {
    throw core::UserError("command line: --" + name + " " + *text + ": a number is needed");
  }
  return number;
}

std::string help_text(const CommandSyntax& syntax) {
  std::string text = "usage: " + syntax.program + syntax.name;
  text += syntax.positional.empty() ? "" : " " + syntax.positional;
  text += syntax.options.empty() ? "" : " [options]";
  text += syntax.takes_configuration ? " [--section.key=value ...]" : "";
  text += "\n\n" + syntax.summary + "\n\n";
  std::size_t width = std::string("--help").size();
  for (const CommandOption& option : syntax.options) {
    width = std::max(width, spelled(option).size());
  }
  const auto add_row = [&](const std::string& left, const std::string& right) {
    text += "  " + left + std::string(width - left.size() + 2, ' ') + right + "\n";
  };
  for (const CommandOption& option : syntax.options) {
    add_row(spelled(option), option.help);
  }
  add_row("--help", "this text");
  return text;
}

}  // namespace cauchy::cli

// A command's own options.

#include "cauchy/cli/command_line.hpp"

#include <algorithm>

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

CommandLine::CommandLine(const CommandSyntax& syntax, std::span<const std::string> arguments) : command_(syntax.name) {
  std::string problems;
  const auto complain = [&](const std::string& problem) { problems += (problems.empty() ? "" : "\n") + problem; };

  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!argument.starts_with("--")) {
      if (syntax.positional.empty() || !positional_.empty()) {
        complain("command line: unexpected argument " + argument);
      } else {
        positional_ = argument;
      }
      continue;
    }
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    const auto option = std::find_if(syntax.options.begin(), syntax.options.end(),
                                     [&](const CommandOption& candidate) { return candidate.name == name; });
    if (name == "help") {
      given_.push_back({name, ""});
    } else if (option == syntax.options.end()) {
      if (!syntax.takes_configuration) {
        complain("command line: unknown option --" + name + "; see cauchy " + syntax.name + " --help");
        continue;
      }
      configuration_.push_back(argument);
      const bool value_follows = equals == std::string::npos && i + 1 < arguments.size() &&
                                 !arguments[i + 1].starts_with("--") && name.find('.') != std::string::npos;
      if (value_follows) {
        configuration_.push_back(arguments[++i]);
      }
    } else if (has(name)) {
      complain("command line: --" + name + " is given twice");
    } else if (equals != std::string::npos) {
      if (option->value == CommandOption::Value::none) {
        complain("command line: --" + name + " takes no value");
      }
      given_.push_back({name, argument.substr(equals + 1)});
    } else if (option->value == CommandOption::Value::required) {
      if (i + 1 == arguments.size() || arguments[i + 1].starts_with("--")) {
        complain("command line: --" + name + " needs a value: " + spelled(*option));
        continue;
      }
      given_.push_back({name, arguments[++i]});
    } else {
      given_.push_back({name, ""});
    }
  }
  if (!syntax.positional.empty() && positional_.empty() && !has("help")) {
    complain("command line: " + syntax.positional + " is missing; see cauchy " + syntax.name + " --help");
  }
  if (!problems.empty()) {
    throw core::UserError(problems);
  }
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
    throw core::UserError("command line: --" + name + " is missing; see cauchy " + command_ + " --help");
  }
  return *text;
}

std::string help_text(const CommandSyntax& syntax) {
  std::string text = "usage: cauchy " + syntax.name;
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

#pragma once
/// A command's own options, apart from the configuration keys behind them.

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cauchy::cli {

/// An option that belongs to a command rather than to the configuration, such as --config.
struct CommandOption {
  enum class Value { none, required, optional };

  std::string name;  ///< without the dashes
  Value value;
  std::string placeholder;  ///< of the value, for help: "FILE"
  std::string help;
};

/// What one command accepts.
struct CommandSyntax {
  std::string name;
  std::string summary;                 ///< one line
  std::string positional;              ///< placeholder of the one plain argument; empty: none
  std::vector<CommandOption> options;  ///< --help comes of itself
  bool takes_configuration = false;    ///< whether --section.key=value may follow
  std::string program = "cauchy ";     ///< what stands before the name
};

/// The arguments behind the command, sorted.
class CommandLine {
 public:
  /// Throws core::UserError with a line for each argument that does not fit.
  CommandLine(const CommandSyntax& syntax, std::span<const std::string> arguments);

  bool has(const std::string& name) const;
  /// The value of an option; nothing if it was not given, empty if it was given without one.
  std::optional<std::string> value(const std::string& name) const;
  /// The value of an option that the command cannot do without. Throws core::UserError.
  std::string required(const std::string& name) const;
  /// Of an option that is a whole number; `usual` if it was not given. Throws core::UserError unless it lies between.
  std::uint64_t count(const std::string& name, std::uint64_t usual, std::uint64_t least, std::uint64_t most) const;
  /// Of an option that is a finite number; `usual` if it was not given. Throws core::UserError.
  double number(const std::string& name, double usual) const;
  const std::string& positional() const { return positional_; }
  const std::vector<std::string>& configuration() const { return configuration_; }

 private:
  struct Given {
    std::string name;
    std::string value;
  };

  /// How many arguments belong to the option.
  std::size_t take_option(const CommandOption& option, std::span<const std::string> arguments,
                          std::vector<std::string>& problems);
  std::size_t take_configuration(std::span<const std::string> arguments);

  std::string command_;
  std::vector<Given> given_;
  std::string positional_;
  std::vector<std::string> configuration_;
};

/// The usage line and the options of a command.
std::string help_text(const CommandSyntax& syntax);

}  // namespace cauchy::cli

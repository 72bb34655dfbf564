#pragma once
/// The list of all options that a command knows: key, place, constraint, role, help and default.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cauchy/core/option.hpp"

namespace cauchy::config {

/// Where the value of an option lives, by its type.
using Place = std::variant<bool*, std::uint64_t*, double*, std::string*, std::vector<std::uint64_t>*,
                           std::vector<double>*, std::vector<std::string>*>;

struct Option {
  std::string section;
  std::string name;
  std::string key;  ///< section.name
  Place place;
  core::Constraint constraint;  ///< of a list: that of each element
  core::Role role;
  std::string help;
  std::string default_text;  ///< canonical text of the value that the place held when the option was added
};

/// Refers to the option structs of the rooms, which must outlive it and stay where they are:
///
///     StopOptions stop;
///     config::Schema schema;
///     schema.add("stop", stop);
///     const config::Resolution resolution = config::resolve(schema, sources);  // writes into `stop`
class Schema {
 public:
  /// Adds every option of a struct that has `visit` (cauchy/core/option.hpp). Throws std::logic_error if a key is
  /// there already or a default breaks its own constraint.
  template <typename Options>
  void add(const std::string& section, Options& options) {
    options.visit([&](const char* name, auto& member, core::Constraint constraint, core::Role role, std::string help) {
      add_option({section, name, section + "." + name, &member, std::move(constraint), role, std::move(help), ""});
    });
  }

  /// In the order in which they were added.
  std::span<const Option> options() const { return options_; }

  /// The option of this key, or nullptr.
  const Option* find(std::string_view key) const;

  /// In the order in which they were added, each once.
  std::vector<std::string> sections() const;

 private:
  void add_option(Option option);

  std::vector<Option> options_;
};

}  // namespace cauchy::config

#pragma once
/// Turns the sources of a configuration into values in the option structs.

#include <span>
#include <string>
#include <vector>

#include "cauchy/config/resolution.hpp"
#include "cauchy/config/schema.hpp"
#include "cauchy/config/sources.hpp"

namespace cauchy::config {

/// From the lowest precedence to the highest; each may be empty. Defaults are below all of them.
struct Sources {
  std::string stored;                      ///< INI text that a checkpoint keeps
  std::string stored_name = "checkpoint";  ///< the source of the stored values, for people
  std::string file;                        ///< path of an INI file
  std::vector<Variable> environment;       ///< environment_variables()
  std::vector<std::string> arguments;      ///< command-line tokens behind the command and its own options
};

/// Sets every option to the value of the highest source that names it, or to its default. All sources are checked
/// whole, overridden values too. Throws one core::UserError with a line for each problem, which says where, the key,
/// the text at fault and what is allowed; then no option has changed.
///
///     command line: unknown key optimizer.learing_rate; did you mean optimizer.learning_rate?
Resolution resolve(Schema& schema, const Sources& sources);

/// Sets one option after the resolution, such as a number of shards that only the launch decides. The text obeys the
/// same rules; throws core::UserError, with `source` as the place, if it does not.
void override_value(Schema& schema, Resolution& resolution, const std::string& key, const std::string& value,
                    const std::string& source);

/// Sets options to values that another rank has resolved, so that one rank alone reads files and reports errors:
///
///     root:    text = resolved_text(resolve(schema, sources));   broadcast text
///     others:  assign(schema, parse_text(text, "root"));
///
/// Throws std::logic_error if a key or value does not fit the schema: the ranks run different programs.
void assign(Schema& schema, std::span<const Entry> entries);

}  // namespace cauchy::config

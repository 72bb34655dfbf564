// Four sources into one value for every option.

#include "cauchy/config/resolve.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "cauchy/config/text.hpp"
#include "cauchy/config/value.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::config {
namespace {

/// The known key that a wrong one most likely means, or nullptr.
const Option* nearest_option(const Schema& schema, const std::string& key) {
  constexpr std::size_t other_section = 2;  // the right name in a wrong section counts as two typing errors
  const std::string name = key.substr(key.find('.') + 1);
  const Option* nearest = nullptr;
  std::size_t lowest = 2 + name.size() / 4;
  for (const Option& option : schema.options()) {
    const std::size_t cost = std::min(edit_distance(key, option.key), other_section + edit_distance(name, option.name));
    if (cost < lowest || (cost == lowest && nearest == nullptr)) {
      lowest = cost;
      nearest = &option;
    }
  }
  return nearest;
}

std::string unknown_key(const Schema& schema, const std::string& key) {
  const std::string problem = "unknown key " + key + "; ";
  const Option* nearest = nearest_option(schema, key);
  if (nearest != nullptr) {
    return problem + "did you mean " + nearest->key + "?";
  }
  const std::string section = key.substr(0, key.find('.'));
  std::vector<std::string> names;
  for (const Option& option : schema.options()) {
    if (option.section == section) {
      names.push_back(option.name);
    }
  }
  return problem + (names.empty() ? "the sections are " + joined(schema.sections(), ", ")
                                  : "the keys of [" + section + "] are " + joined(names, ", "));
}

std::string default_of(const Option& option) {
  return " (default " + (option.default_text.empty() ? "empty" : option.default_text) + ")";
}

std::string wrong_value(const Option& option, const std::string& value, const std::string& fault) {
  return option.key + " = \"" + value + "\" " + fault + "; allowed: " + allowed_text(option) + default_of(option);
}

/// Collects values by option, source by source, and every problem.
class Resolver {
 public:
  explicit Resolver(const Schema& schema) : schema_(schema) {
    for (const Option& option : schema.options()) {
      choices_.push_back({read_value(option, option.default_text).value, "default"});
    }
  }

  /// Later sources override earlier ones.
  void apply(const Settings& settings) {
    problems_.insert(problems_.end(), settings.problems.begin(), settings.problems.end());
    for (const Setting& header : settings.sections) {
      check_section(header, settings);
    }
    for (const Setting& setting : settings.entries) {
      apply(setting);
    }
  }

  /// Throws if there was any problem, before any option changes.
  Resolution finish() const {
    if (!problems_.empty()) {
      throw core::UserError(printable_lines(problems_));
    }
    Resolution resolution;
    for (std::size_t i = 0; i < choices_.size(); ++i) {
      const Option& option = schema_.options()[i];
      store(option, choices_[i].value);
      resolution.values.push_back(
          {option.key, value_text(option, choices_[i].value), choices_[i].source, option.role, option.default_text});
    }
    return resolution;
  }

 private:
  struct Choice {
    Value value;
    std::string source;
  };

  void apply(const Setting& setting) {
    const Option* option = schema_.find(setting.key);
    if (option == nullptr) {
      problems_.push_back(setting.where + ": " + unknown_key(schema_, setting.key));
      return;
    }
    const bool is_bool = std::holds_alternative<bool*>(option->place);
    if (setting.without_value && !is_bool) {
      problems_.push_back(setting.where + ": " + option->key + " has no value; write --" + option->key +
                          "=VALUE; allowed: " + allowed_text(*option) + default_of(*option));
      return;
    }
    const Reading reading = read_value(*option, setting.without_value ? "true" : setting.value);
    if (!reading.fault.empty()) {
      problems_.push_back(setting.where + ": " + wrong_value(*option, setting.value, reading.fault));
      return;
    }
    choices_[static_cast<std::size_t>(option - schema_.options().data())] = {reading.value, setting.where};
  }

  /// An unknown section that holds keys is told at each of them, with the key that was meant.
  void check_section(const Setting& header, const Settings& settings) {
    const std::vector<std::string> known = schema_.sections();
    const bool has_keys = std::ranges::any_of(
        settings.entries, [&](const Setting& setting) { return setting.key.starts_with(header.key + "."); });
    if (!has_keys && std::ranges::find(known, header.key) == known.end()) {
      problems_.push_back(header.where + ": unknown section [" + header.key + "]; the sections are " +
                          joined(known, ", "));
    }
  }

  const Schema& schema_;
  std::vector<Choice> choices_;  ///< one for each option, in the schema's order
  std::vector<std::string> problems_;
};

/// Line numbers of a stored text mean nothing to people.
Settings read_stored(const Sources& sources) {
  Settings settings = read_ini(sources.stored, sources.stored_name);
  for (Setting& setting : settings.entries) {
    setting.where = sources.stored_name;
  }
  return settings;
}

}  // namespace

Resolution resolve(Schema& schema, const Sources& sources) {
  Resolver resolver(schema);
  resolver.apply(read_stored(sources));
  if (!sources.file.empty()) {
    resolver.apply(read_ini_file(sources.file));
  }
  resolver.apply(read_environment(sources.environment));
  resolver.apply(read_arguments(sources.arguments));
  return resolver.finish();
}

void override_value(Schema& schema, Resolution& resolution, const std::string& key, const std::string& value,
                    const std::string& source) {
  const Option* option = schema.find(key);
  const auto resolved = std::ranges::find(resolution.values, key, &ResolvedValue::key);
  if (option == nullptr || resolved == resolution.values.end()) {
    throw std::logic_error("there is no option " + key);
  }
  const Reading reading = read_value(*option, value);
  if (!reading.fault.empty()) {
    throw core::UserError(printable(source + ": " + wrong_value(*option, value, reading.fault)));
  }
  store(*option, reading.value);
  resolved->value = value_text(*option, reading.value);
  resolved->source = source;
}

void assign(Schema& schema, std::span<const Entry> entries) {
  for (const Entry& entry : entries) {
    const Option* option = schema.find(entry.key);
    if (option == nullptr) {
      throw std::logic_error("the ranks run different programs: there is no option " + entry.key);
    }
    const Reading reading = read_value(*option, entry.value);
    if (!reading.fault.empty()) {
      throw std::logic_error("the ranks run different programs: " + wrong_value(*option, entry.value, reading.fault));
    }
    store(*option, reading.value);
  }
}

}  // namespace cauchy::config

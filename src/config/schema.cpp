// The list of all options.

#include "cauchy/config/schema.hpp"

#include <algorithm>
#include <stdexcept>

#include "cauchy/config/value.hpp"

namespace cauchy::config {

const Option* Schema::find(std::string_view key) const {
  const auto found = std::ranges::find(options_, key, &Option::key);
  return found == options_.end() ? nullptr : &*found;
}

std::vector<std::string> Schema::sections() const {
  std::vector<std::string> names;
  for (const Option& option : options_) {
    if (std::ranges::find(names, option.section) == names.end()) {
      names.push_back(option.section);
    }
  }
  return names;
}

void Schema::add_option(Option option) {
  if (find(option.key) != nullptr) {
    throw std::logic_error("the option " + option.key + " was added twice");
  }
  option.default_text = value_text(option, load(option));
  const Reading reading = read_value(option, option.default_text);
  if (!reading.fault.empty()) {
    throw std::logic_error("the default of " + option.key + ", \"" + option.default_text + "\", " + reading.fault);
  }
  options_.push_back(std::move(option));
}

}  // namespace cauchy::config

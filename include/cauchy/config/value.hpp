#pragma once
/// Texts into typed values and back, with the constraints of their options.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cauchy/config/schema.hpp"

namespace cauchy::config {

/// A value of one of the types of Place, in the same order.
using Value = std::variant<bool, std::uint64_t, double, std::string, std::vector<std::uint64_t>, std::vector<double>,
                           std::vector<std::string>>;

/// What a text means for an option, or what is wrong with it.
struct Reading {
  Value value;
  std::string fault;  ///< empty if all is well; otherwise such as "is not a number"
};

/// Reads the whole text. A bool is true, false, yes, no, on, off, 1 or 0. A whole number has no sign and may be
/// written as 1e6. A number is finite. A list is separated by commas, and an empty text is an empty list. Text may not
/// hold control characters other than the tab.
Reading read_value(const Option& option, std::string_view text);

/// The canonical text, which reads back as the same value: the shortest digits that do, and words as words.
std::string value_text(const Option& option, const Value& value);

/// What the option accepts, in words: "a whole number at least 1, or full".
std::string allowed_text(const Option& option);

/// The value in the option's place.
Value load(const Option& option);

/// Puts a value of the option's own type into its place.
void store(const Option& option, const Value& value);

}  // namespace cauchy::config

#pragma once
/// Numbers as text.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cauchy::data {

/// The number that a text begins with.
struct NumberText {
  double value = 0;
  const char* end = nullptr;    ///< behind it; where it begins, if it is none
  const char* fault = nullptr;  ///< what is wrong with it: "is not a number"; null: nothing
};

/// Reads a decimal number, with a sign or an exponent or without: the double next to it, as std::from_chars gives it.
/// NaN, infinity and what a double cannot hold are faults.
NumberText read_number(const char* first, const char* last);

/// The same of a whole text, with blanks around it.
NumberText read_number(std::string_view text);

/// Whether it is neither a number nor what stands for one: NaN, infinity, a number that is too large.
bool is_text(std::string_view text);

/// The shortest text that reads as the same number.
std::string number_text(double value);

/// "1 row", "2 rows".
std::string plural(std::uint64_t count, const std::string& what);

/// In quotes, without what a terminal cannot show, not too long.
std::string in_quotes(std::string_view text);

std::string_view trimmed(std::string_view text);

/// What stands between commas, trimmed, without what is empty.
std::vector<std::string> split_list(std::string_view list);

}  // namespace cauchy::data

// Texts into typed values and back.

#include "cauchy/config/value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <system_error>
#include <type_traits>

#include "cauchy/config/text.hpp"
#include "cauchy/core/memory.hpp"

namespace cauchy::config {
namespace {

template <typename Element>
using List = std::vector<Element>;

template <typename Number>
std::string number_text(Number number) {
  std::array<char, 32> buffer{};  // the longest double has 24 characters, the longest 64-bit integer 20
  const std::to_chars_result result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return {buffer.data(), result.ptr};
}

std::string range_text(const core::Constraint& constraint) {
  const bool bounded_below = std::isfinite(constraint.minimum);
  const bool bounded_above = std::isfinite(constraint.maximum);
  const std::string minimum = number_text(constraint.minimum);
  const std::string maximum = number_text(constraint.maximum);
  if (bounded_below && bounded_above && !constraint.minimum_excluded && !constraint.maximum_excluded) {
    return " from " + minimum + " to " + maximum;
  }
  std::string text;
  if (bounded_below) {
    text = (constraint.minimum_excluded ? " above " : " at least ") + minimum;
  }
  if (bounded_above) {
    text +=
        std::string(bounded_below ? " and" : "") + (constraint.maximum_excluded ? " below " : " at most ") + maximum;
  }
  return text;
}

/// Empty, or that the number is out of range.
std::string range_fault(const core::Constraint& constraint, double number) {
  const bool too_small = constraint.minimum_excluded ? number <= constraint.minimum : number < constraint.minimum;
  const bool too_large = constraint.maximum_excluded ? number >= constraint.maximum : number > constraint.maximum;
  return too_small || too_large ? "is out of range" : "";
}

struct WholeNumber {
  std::uint64_t value = 0;
  std::string fault;
};

std::size_t leading_digits(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789"), text.size());
}

/// Digits as one number, times ten to the power of exponent.
WholeNumber scaled_digits(std::string_view digits, unsigned exponent) {
  constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  const auto append = [&](std::uint64_t digit) {
    if (value > (largest - digit) / 10) {
      return false;
    }
    value = value * 10 + digit;
    return true;
  };
  for (const char digit : digits) {
    if (!append(static_cast<std::uint64_t>(digit - '0'))) {
      return {0, "does not fit into 64 bits"};
    }
  }
  for (unsigned i = 0; value != 0 && i < exponent; ++i) {
    if (!append(0)) {
      return {0, "does not fit into 64 bits"};
    }
  }
  return {value, ""};
}

/// digits [. digits] [e [+] digits], exactly: through a double, numbers beyond 2^53 would change.
WholeNumber read_whole(std::string_view text) {
  WholeNumber fault{0, "is not a whole number"};
  const std::size_t integral = leading_digits(text);
  std::string digits(text.substr(0, integral));
  text.remove_prefix(integral);
  std::size_t decimals = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::string_view fraction = text.substr(0, leading_digits(text));
    text.remove_prefix(fraction.size());
    const std::size_t significant = fraction.find_last_not_of('0');
    decimals = significant == std::string_view::npos ? 0 : significant + 1;
    digits += fraction.substr(0, decimals);
  }
  unsigned exponent = 0;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(text.substr(1).starts_with('+') ? 2 : 1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (error == std::errc::result_out_of_range) {
      exponent = std::numeric_limits<unsigned>::max();
    } else if (error != std::errc()) {
      return fault;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  if (integral == 0 || !text.empty() || exponent < decimals) {
    return fault;
  }
  return scaled_digits(digits, exponent - static_cast<unsigned>(decimals));
}

Reading read_as(std::type_identity<bool> /*type*/, const core::Constraint& /*constraint*/, std::string_view text) {
  constexpr std::array<std::string_view, 4> yes = {"true", "yes", "on", "1"};
  constexpr std::array<std::string_view, 4> no = {"false", "no", "off", "0"};
  if (std::ranges::find(yes, text) != yes.end()) {
    return {true, ""};
  }
  return {false, std::ranges::find(no, text) != no.end() ? "" : "is neither true nor false"};
}

Reading read_as(std::type_identity<std::uint64_t> /*type*/, const core::Constraint& constraint, std::string_view text) {
  if (!constraint.word.empty() && text == constraint.word) {
    return {constraint.word_value, ""};
  }
  const WholeNumber number = read_whole(text);
  return {number.value,
          number.fault.empty() ? range_fault(constraint, static_cast<double>(number.value)) : number.fault};
}

Reading read_as(std::type_identity<double> /*type*/, const core::Constraint& constraint, std::string_view text) {
  if (!constraint.word.empty() && text == constraint.word) {
    return {static_cast<double>(constraint.word_value), ""};
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) {
    return {0.0, "is not a number"};
  }
  if (error == std::errc::result_out_of_range) {
    return {0.0, "does not fit into a double"};
  }
  if (!std::isfinite(number)) {
    return {0.0, "is not a finite number"};
  }
  return {number + 0.0, range_fault(constraint, number)};  // -0 would differ from 0 in text
}

Reading read_as(std::type_identity<std::string> /*type*/, const core::Constraint& constraint, std::string_view text) {
  if (has_control_character(text)) {
    return {std::string(), "holds a control character"};
  }
  if (constraint.memory_limit) {
    return {std::string(text), core::parse_memory_limit(text) ? "" : "is no amount of memory"};
  }
  const bool allowed =
      constraint.choices.empty() || std::ranges::find(constraint.choices, text) != constraint.choices.end();
  return {std::string(text), allowed ? "" : "is not one of the choices"};
}

template <typename Element>
Reading read_as(std::type_identity<List<Element>> /*type*/, const core::Constraint& constraint, std::string_view text) {
  List<Element> list;
  if (trimmed(text).empty()) {
    return {list, ""};
  }
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const std::string_view element = trimmed(text.substr(begin, comma - begin));
    const Reading reading = read_as(std::type_identity<Element>(), constraint, element);
    if (!reading.fault.empty()) {
      return {List<Element>(), "has an element \"" + std::string(element) + "\" that " + reading.fault};
    }
    list.push_back(std::get<Element>(reading.value));
    begin = comma + 1;
  }
  return {list, ""};
}

std::string text_of(const core::Constraint& /*constraint*/, bool value) {
  return value ? "true" : "false";
}

std::string text_of(const core::Constraint& constraint, std::uint64_t value) {
  return !constraint.word.empty() && value == constraint.word_value ? constraint.word : number_text(value);
}

std::string text_of(const core::Constraint& constraint, double value) {
  return !constraint.word.empty() && value == static_cast<double>(constraint.word_value) ? constraint.word
                                                                                         : number_text(value);
}

std::string text_of(const core::Constraint& /*constraint*/, const std::string& value) {
  return value;
}

template <typename Element>
std::string text_of(const core::Constraint& constraint, const List<Element>& value) {
  std::string text;
  for (const Element& element : value) {
    text += text.empty() ? "" : ", ";
    text += text_of(constraint, element);
  }
  return text;
}

std::string allowed_for(const core::Constraint& /*constraint*/, const bool* /*place*/) {
  return "true or false";
}

std::string allowed_number(std::string noun, const core::Constraint& constraint) {
  return std::move(noun) + range_text(constraint) + (constraint.word.empty() ? "" : ", or " + constraint.word);
}

std::string allowed_for(const core::Constraint& constraint, const std::uint64_t* /*place*/) {
  return allowed_number("a whole number", constraint);
}

std::string allowed_for(const core::Constraint& constraint, const double* /*place*/) {
  return allowed_number("a number", constraint);
}

std::string allowed_for(const core::Constraint& constraint, const std::string* /*place*/) {
  if (constraint.memory_limit) {
    return "a size such as 2GiB, a share such as 50%, or unlimited";
  }
  return constraint.choices.empty() ? "text" : joined(constraint.choices, ", ");
}

std::string allowed_for(const core::Constraint& constraint, const List<std::uint64_t>* /*place*/) {
  return "whole numbers" + range_text(constraint) + ", separated by commas";
}

std::string allowed_for(const core::Constraint& constraint, const List<double>* /*place*/) {
  return "numbers" + range_text(constraint) + ", separated by commas";
}

std::string allowed_for(const core::Constraint& constraint, const List<std::string>* /*place*/) {
  return constraint.choices.empty() ? "texts, separated by commas"
                                    : "one or several of " + joined(constraint.choices, ", ");
}

}  // namespace

Reading read_value(const Option& option, std::string_view text) {
  return std::visit(
      [&](auto* place) {
        return read_as(std::type_identity<std::remove_pointer_t<decltype(place)>>(), option.constraint, text);
      },
      option.place);
}

std::string value_text(const Option& option, const Value& value) {
  return std::visit([&](const auto& typed) { return text_of(option.constraint, typed); }, value);
}

std::string allowed_text(const Option& option) {
  return std::visit([&](const auto* place) { return allowed_for(option.constraint, place); }, option.place);
}

Value load(const Option& option) {
  return std::visit([](const auto* place) { return Value(*place); }, option.place);
}

void store(const Option& option, const Value& value) {
  std::visit([&](auto* place) { *place = std::get<std::remove_pointer_t<decltype(place)>>(value); }, option.place);
}

}  // namespace cauchy::config

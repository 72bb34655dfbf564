// Numbers as text.

#include "text_number.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace cauchy::data {
namespace {

constexpr const char* no_number = "is not a number";  // one object, by whose address it is known
constexpr std::size_t longest_quote = 60;

// Exact doubles. A quotient of two exact numbers is rounded once: it is the double next to the decimal number.
constexpr std::array<double, 16> powers{1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                        1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
constexpr std::ptrdiff_t exact_digits = 15;  // any number of so many is below 2^53

bool is_digit(char c) {
  return static_cast<unsigned char>(c - '0') < 10;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// Whether a text begins with one of the words for what is no finite number.
bool begins_with_no_number(std::string_view text) {
  std::string word;
  for (std::size_t i = 0; i < text.size() && std::isalpha(static_cast<unsigned char>(text[i])) != 0; ++i) {
    word += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
  }
  return word == "nan" || word == "inf" || word == "infinity";
}

NumberText read_any(const char* start, const char* first, const char* last, bool negative) {
  if (first == last || !(is_digit(*first) || *first == '.')) {
    const bool is_word = begins_with_no_number({first, static_cast<std::size_t>(last - first)});
    return {0, start, is_word ? "is no finite number" : no_number};
  }
  NumberText result;
  const auto [end, code] = std::from_chars(first, last, result.value);
  result.end = end;
  if (code == std::errc::invalid_argument) {
    return {0, start, no_number};
  }
  if (code == std::errc::result_out_of_range) {
    result.fault = "is beyond the range of a double";
  }
  result.value = negative ? -result.value : result.value;
  return result;
}

}  // namespace

NumberText read_number(const char* first, const char* last) {
  const char* const start = first;
  const bool negative = first != last && *first == '-';
  if (first != last && (*first == '-' || *first == '+')) {
    ++first;
  }
  std::uint64_t digits = 0;
  const char* p = first;
  while (p != last && is_digit(*p)) {
    digits = digits * 10 + static_cast<std::uint64_t>(*p++ - '0');
  }
  std::ptrdiff_t count = p - first;
  std::ptrdiff_t decimals = 0;
  if (p != last && *p == '.') {
    const char* const point = p++;
    while (p != last && is_digit(*p)) {
      digits = digits * 10 + static_cast<std::uint64_t>(*p++ - '0');
    }
    decimals = p - point - 1;
    count += decimals;
  }
  if (count == 0 || count > exact_digits || (p != last && (*p == 'e' || *p == 'E'))) {
    return read_any(start, first, last, negative);
  }
  const double value = static_cast<double>(digits) / powers[static_cast<std::size_t>(decimals)];
  return {negative ? -value : value, p, nullptr};
}

NumberText read_number(std::string_view text) {
  const std::string_view core = trimmed(text);
  NumberText result = read_number(core.data(), core.data() + core.size());
  if (result.fault == nullptr && result.end != core.data() + core.size()) {
    result.fault = no_number;
  }
  return result;
}

bool is_text(std::string_view text) {
  const NumberText number = read_number(text);
  return number.fault == no_number;
}

std::string number_text(double value) {
  std::array<char, 32> buffer{};
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr};
}

std::string plural(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text.substr(0, longest_quote)) {
    const auto byte = static_cast<unsigned char>(c);
    result += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return result + (text.size() > longest_quote ? "...\"" : "\"");
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string name(trimmed(list.substr(0, comma)));
    if (!name.empty()) {
      names.push_back(name);
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return names;
}

}  // namespace cauchy::data

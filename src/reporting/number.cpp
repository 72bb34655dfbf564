// Numbers as text.

#include "cauchy/reporting/number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace cauchy::reporting {
namespace {

template <typename... Arguments>
std::string converted(double value, Arguments... arguments) {
  std::array<char, 64> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, arguments...);
  return {buffer.data(), result.ptr};
}

std::string two_digits(std::uint64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

}  // namespace

std::string exact_text(double value) {
  return converted(value);
}

std::string short_text(double value, int digits) {
  return converted(value, std::chars_format::general, digits);
}

std::string grouped(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t place = text.size(); place > 3;) {
    place -= 3;
    text.insert(place, " ");
  }
  return text;
}

std::string duration_text(double seconds) {
  if (!(seconds < 1e9)) {
    return "?";
  }
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  const std::uint64_t hours = whole / 3600;
  const std::uint64_t minutes = whole / 60 % 60;
  return (hours > 0 ? std::to_string(hours) + ":" + two_digits(minutes) : std::to_string(minutes)) + ":" +
         two_digits(whole % 60);
}

std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return converted(bytes, std::chars_format::fixed, unit == 0 ? 0 : 1) + " " + units[unit];
}

std::size_t text_width(const std::string& text) {
  // The bytes behind the first of a character are 10xxxxxx.
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

}  // namespace cauchy::reporting

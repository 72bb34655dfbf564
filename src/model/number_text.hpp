#pragma once
/// Numbers in messages.

#include <array>
#include <charconv>
#include <string>

namespace cauchy::model {

/// The shortest text that reads back as the same number, such as "1.5", "-1" or "nan".
template <typename Real>
std::string number_text(Real value) {
  std::array<char, 32> text;
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), result.ptr};
}

}  // namespace cauchy::model

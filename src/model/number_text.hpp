#pragma once
/// Numbers in messages and names.

#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <vector>

namespace cauchy::model {

/// The shortest text that reads back as the same number, such as "1.5", "-1" or "nan".
template <typename Real>
std::string number_text(Real value) {
  std::array<char, 32> text;
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), result.ptr};
}

/// "p_0", "p_1", ...
inline std::vector<std::string> numbered(const std::string& name, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) {
    names.push_back(name + std::to_string(i));
  }
  return names;
}

}  // namespace cauchy::model

#pragma once
/// Numbers as text, and how wide it is.

#include <cstddef>
#include <cstdint>
#include <string>

namespace cauchy::reporting {

/// The shortest text that reads back as the same double.
std::string exact_text(double value);

/// A few significant digits, for people.
std::string short_text(double value, int digits = 4);

/// 1234567 → "1 234 567".
std::string grouped(std::uint64_t value);

/// 4321 → "1:12:01", 61 → "1:01".
std::string duration_text(double seconds);

/// 5242880 → "5.0 MiB".
std::string bytes_text(double bytes);

/// Characters of a text in UTF-8, for columns.
std::size_t text_width(const std::string& text);

}  // namespace cauchy::reporting

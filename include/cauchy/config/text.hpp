#pragma once
/// Small helpers on text that the readers and writers of configurations share.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace cauchy::config {

/// Without the blanks and tabs at both ends.
std::string_view trimmed(std::string_view text);

/// True if the text holds a control character other than the tab.
bool has_control_character(std::string_view text);

/// The text with control characters, line ends included, shown as '?'.
std::string printable(std::string_view text);

/// The problems as one message, a line each, each printable. The rest of a long list is only counted.
std::string printable_lines(std::span<const std::string> problems);

/// The words with a separator between them.
std::string joined(std::span<const std::string> words, std::string_view separator);

/// Characters on the screen: UTF-8 code points.
std::size_t width(std::string_view text);

/// The fewest insertions, deletions and replacements of a character that turn one text into the other (Levenshtein).
std::size_t edit_distance(std::string_view from, std::string_view to);

}  // namespace cauchy::config

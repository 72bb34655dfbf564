// A resolution as text, and from text.

#include "cauchy/config/resolution.hpp"

#include <algorithm>
#include <cstddef>

#include "cauchy/config/sources.hpp"
#include "cauchy/config/text.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::config {
namespace {

std::string section_of(const std::string& key) {
  return key.substr(0, key.find('.'));
}

std::string name_of(const std::string& key) {
  return key.substr(key.find('.') + 1);
}

std::string padded(const std::string& text, std::size_t columns) {
  const std::size_t used = width(text);
  return text + std::string(columns > used ? columns - used : 0, ' ');
}

/// `name =`, `name = value`.
std::string assignment(const std::string& name, const std::string& value) {
  const std::string text = ini_value(value);
  return name + (text.empty() ? " =" : " = " + text);
}

/// One section, with names and comments in columns.
std::string section_text(std::span<const ResolvedValue> values) {
  std::size_t name_width = 0;
  for (const ResolvedValue& value : values) {
    name_width = std::max(name_width, width(name_of(value.key)));
  }
  std::vector<std::string> lines;
  std::size_t line_width = 0;
  for (const ResolvedValue& value : values) {
    lines.push_back(assignment(padded(name_of(value.key), name_width), value.value));
    line_width = std::max(line_width, width(lines.back()));
  }
  const std::string section = section_of(values.front().key);
  std::string text = "[" + section + "]\n";
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += padded(lines[i], line_width) + "  # " + printable(values[i].source) + "\n";
  }
  return text;
}

const Entry* find(std::span<const Entry> entries, const std::string& key) {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

}  // namespace

std::string resolved_text(const Resolution& resolution) {
  std::vector<ResolvedValue> values = resolution.values;
  std::string text;
  auto begin = values.begin();
  while (begin != values.end()) {
    const std::string section = section_of(begin->key);
    const auto in_section = [&](const ResolvedValue& value) { return section_of(value.key) == section; };
    const auto end = std::stable_partition(begin, values.end(), in_section);
    text += text.empty() ? "" : "\n";
    text += section_text({begin, end});
    begin = end;
  }
  return text;
}

std::string problem_text(const Resolution& resolution) {
  std::vector<Entry> entries;
  for (const ResolvedValue& value : resolution.values) {
    if (value.role != core::Role::run) {
      entries.push_back({value.key, value.value});
    }
  }
  std::ranges::sort(entries, {}, &Entry::key);
  std::string text;
  std::string section;
  for (const Entry& entry : entries) {
    if (section_of(entry.key) != section) {
      section = section_of(entry.key);
      text += "[" + section + "]\n";
    }
    text += assignment(name_of(entry.key), entry.value) + "\n";
  }
  return text;
}

std::vector<Entry> parse_text(std::string_view text, std::string_view name) {
  const Settings settings = read_ini(text, std::string(name));
  if (!settings.problems.empty()) {
    throw core::UserError(printable_lines(settings.problems));
  }
  std::vector<Entry> entries;
  for (const Setting& setting : settings.entries) {
    entries.push_back({setting.key, setting.value});
  }
  return entries;
}

std::vector<Difference> differences(std::span<const Entry> stored, const Resolution& resolution) {
  std::vector<Difference> found;
  for (const ResolvedValue& value : resolution.values) {
    const Entry* entry = find(stored, value.key);
    const std::string& before = entry == nullptr ? value.default_value : entry->value;
    if (value.role == core::Role::problem && before != value.value) {
      found.push_back({value.key, before, value.value});
    }
  }
  for (const Entry& entry : stored) {
    if (std::ranges::find(resolution.values, entry.key, &ResolvedValue::key) == resolution.values.end()) {
      found.push_back({entry.key, entry.value, ""});
    }
  }
  return found;
}

}  // namespace cauchy::config

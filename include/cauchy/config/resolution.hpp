#pragma once
/// The outcome of a resolution: each key with its value and where the value came from, as text and from text.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cauchy/core/option.hpp"

namespace cauchy::config {

struct ResolvedValue {
  std::string key;     ///< section.name
  std::string value;   ///< canonical text
  std::string source;  ///< "default", "configs/digits.cfg:12", "environment variable CAUCHY_...", "command line"
  core::Role role = core::Role::run;
  std::string default_value;  ///< canonical text
};

/// Every key of the schema once, in the schema's order.
struct Resolution {
  std::vector<ResolvedValue> values;
};

/// A key with the canonical text of its value.
struct Entry {
  std::string key;
  std::string value;
};

/// A key whose value changed, with the canonical texts of both.
struct Difference {
  std::string key;
  std::string before;
  std::string now;
};

/// All keys as INI text, aligned, each with its source as a comment. The text reads back to the same values, as a
/// configuration file and by parse_text.
std::string resolved_text(const Resolution& resolution);

/// The keys that a checkpoint keeps (Role::problem and Role::data) as INI text, sorted by section and key, without
/// sources: the same values give the same bytes, wherever they came from.
std::string problem_text(const Resolution& resolution);

/// The entries of an INI text, in its order. `name` stands in error messages. Throws core::UserError with a line for
/// each problem if the text is damaged.
std::vector<Entry> parse_text(std::string_view text, std::string_view name);

/// The Role::problem keys whose value differs from the stored ones. A key that the stored text lacks had its default
/// when it was stored. A stored key that the resolution does not know is a difference with an empty `now`.
std::vector<Difference> differences(std::span<const Entry> stored, const Resolution& resolution);

}  // namespace cauchy::config

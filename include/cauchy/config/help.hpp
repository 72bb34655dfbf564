#pragma once
/// The help on all options, for people at a terminal.

#include <string>

#include "cauchy/config/schema.hpp"

namespace cauchy::config {

/// Section by section, each key with its help, what it accepts and its default, at most 100 columns wide.
std::string help_text(const Schema& schema);

}  // namespace cauchy::config

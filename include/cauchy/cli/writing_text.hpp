#pragma once
/// What checkpoints took, in words.

#include <string>

#include "cauchy/checkpoint/observer.hpp"

namespace cauchy::cli {

/// Lines for the end of a run that has written some.
std::string writing_text(const checkpoint::WritingSummary& summary);

}  // namespace cauchy::cli

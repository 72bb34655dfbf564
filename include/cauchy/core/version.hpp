#pragma once
/// The version of the program and the revision of its sources.

#include <string_view>

namespace cauchy::core {

std::string_view version();
std::string_view revision();

}  // namespace cauchy::core

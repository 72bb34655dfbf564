// The version of the program and the revision of its sources.

#include "cauchy/core/version.hpp"

#include "cauchy/core/revision.hpp"

namespace cauchy::core {

std::string_view version() {
  return CAUCHY_VERSION;
}

std::string_view revision() {
  return CAUCHY_REVISION;
}

}  // namespace cauchy::core

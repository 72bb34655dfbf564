// Names of the reasons to stop.

#include "cauchy/training/observer.hpp"

namespace cauchy::training {

std::string_view stop_reason_name(StopReason reason) {
  switch (reason) {
    case StopReason::none:
      return "";
    case StopReason::max_steps:
      return "max_steps";
    case StopReason::max_epochs:
      return "max_epochs";
    case StopReason::max_seconds:
      return "max_seconds";
    case StopReason::gradient_norm:
      return "gradient_norm";
    case StopReason::request:
      return "request";
  }
  return "";
}

}  // namespace cauchy::training

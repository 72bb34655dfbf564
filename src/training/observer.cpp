// The reasons to stop.

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
    case StopReason::gradient_norm:
      return "gradient_norm";
    case StopReason::relative_gradient_norm:
      return "relative_gradient_norm";
    case StopReason::relative_change:
      return "relative_change";
    case StopReason::target_nll:
      return "target_nll";
    case StopReason::patience:
      return "patience";
    case StopReason::max_seconds:
      return "max_seconds";
    case StopReason::job_end:
      return "job_end";
    case StopReason::request:
      return "request";
    case StopReason::failure:
      return "failure";
  }
  return "";
}

bool is_end(StopReason reason) {
  return reason != StopReason::none && reason < StopReason::job_end;
}

}  // namespace cauchy::training

// The names of the reasons.

#include "cauchy/training/stop_reason.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cauchy::training {
namespace {

constexpr std::array<std::pair<StopReason, std::string_view>, 13> names{{
    {StopReason::none, ""},
    {StopReason::max_steps, "max_steps"},
    {StopReason::max_epochs, "max_epochs"},
    {StopReason::gradient_norm, "gradient_norm"},
    {StopReason::relative_gradient_norm, "relative_gradient_norm"},
    {StopReason::relative_change, "relative_change"},
    {StopReason::target_nll, "target_nll"},
    {StopReason::patience, "patience"},
    {StopReason::no_descent, "no_descent"},
    {StopReason::max_seconds, "max_seconds"},
    {StopReason::job_end, "job_end"},
    {StopReason::request, "request"},
    {StopReason::failure, "failure"},
}};

}  // namespace

std::string_view stop_reason_name(StopReason reason) {
  const auto found = std::ranges::find(names, reason, &std::pair<StopReason, std::string_view>::first);
  return found == names.end() ? "" : found->second;
}

std::optional<StopReason> stop_reason_named(std::string_view name) {
  const auto found = std::ranges::find(names, name, &std::pair<StopReason, std::string_view>::second);
  return found == names.end() ? std::nullopt : std::optional(found->first);
}

bool is_end(StopReason reason) {
  return reason != StopReason::none && reason < StopReason::job_end;
}

}  // namespace cauchy::training

#pragma once
/// Why training ended.

#include <optional>
#include <string_view>

namespace cauchy::training {

/// Why training ended. Where several reasons are voted for, the last of them counts.
enum class StopReason {
  none,
  max_steps,
  max_epochs,
  gradient_norm,
  relative_gradient_norm,
  relative_change,
  target_nll,
  patience,
  no_descent,  ///< no step lowers the objective, as far as its values tell
  max_seconds,
  job_end,  ///< the batch system is about to end the job
  request,  ///< a signal
  failure,  ///< an observer cannot do what it must
};

/// As in reports and files, such as "max_steps"; "" for none.
std::string_view stop_reason_name(StopReason reason);

/// Back; nothing where no reason has this name.
std::optional<StopReason> stop_reason_named(std::string_view name);

/// Whether training is done, rather than cut short, to go on in another launch.
bool is_end(StopReason reason);

}  // namespace cauchy::training

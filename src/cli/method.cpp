// From the settings to the method of a run and its schedule.

#include "cauchy/cli/method.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>
#include <vector>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/optimize/curvature.hpp"
#include "cauchy/reporting/number.hpp"

namespace cauchy::cli {
namespace {

/// Until the run ends, as far as that is known; 0: it is not.
std::uint64_t steps_of_run(const training::StopOptions& stop, std::uint64_t steps_per_epoch) {
  constexpr std::uint64_t most = 1'000'000'000'000'000;  // that options take
  const std::uint64_t of_epochs = stop.max_epochs > most / steps_per_epoch ? most : stop.max_epochs * steps_per_epoch;
  return stop.max_steps == 0 || of_epochs == 0 ? std::max(stop.max_steps, of_epochs)
                                               : std::min(stop.max_steps, of_epochs);
}

[[noreturn]] void refuse(const Settings& settings, const std::string& what) {
  throw core::UserError("optimizer.schedule = " + settings.schedule.schedule + ": " + what).as_agreed();
}

void check_measured_rate(const Settings& settings, std::uint64_t steps_per_epoch, const std::string& hessian_fault) {
  const auto refuse_auto = [](const std::string& what) {
    throw core::UserError("optimizer.learning_rate = auto: " + what).as_agreed();
  };
  const std::string& method = settings.method.method;
  if (method != "gradient_descent" && method != "momentum" && method != "nesterov") {
    refuse_auto("is one over the curvature of J, which says nothing of the steps of optimizer.method = " + method +
                "; set a number (cauchy find-rate finds one)");
  }
  if (steps_per_epoch > 1) {
    refuse_auto(
        "needs one objective, of all samples, and optimizer.batch_size = " + std::to_string(settings.batch.batch_size) +
        " gives another one each step; set a number (cauchy find-rate finds one)");
  }
  if (settings.run.reduction == "exact16") {
    refuse_auto(
        "needs products of the Hessian as they are, and run.reduction = exact16 adds to each sum what was left "
        "of the one before; take exact, exact32 or exact64");
  }
  if (!hessian_fault.empty()) {
    refuse_auto("needs second derivatives, and " + hessian_fault + "; set a number, or take optimizer.method = lbfgs");
  }
}

}  // namespace

template <typename Real>
std::unique_ptr<optimize::Method<Real>> make_method(const communication::Communicator& ranks, const Settings& settings,
                                                    const model::ParameterLayout& layout,
                                                    const training::Shares& shares) {
  std::unique_ptr<optimize::Method<Real>> method;
  communication::agree(ranks, [&] {
    std::vector<optimize::Slice> slices;
    for (const model::Tensor& tensor : layout.tensors()) {
      slices.push_back({tensor.offset, tensor.offset + tensor.size, tensor.penalized()});
    }
    method = optimize::make_method<Real>(settings.method, settings.model.l1, std::move(slices),
                                         shares.elements(ranks.rank()));
  });
  return method;
}

void check_method(const Settings& settings, std::uint64_t steps_per_epoch, const std::string& hessian_fault) {
  if (settings.method.measures_rate()) {
    check_measured_rate(settings, steps_per_epoch, hessian_fault);
  }
  if (!settings.method.searches()) {
    return;
  }
  const auto refuse_search = [&](const std::string& what) {
    throw core::UserError("optimizer.method = " + settings.method.method + ": " + what).as_agreed();
  };
  if (steps_per_epoch > 1) {
    refuse_search("needs one objective, of all samples, to find a step on, and optimizer.batch_size = " +
                  std::to_string(settings.batch.batch_size) +
                  " gives another one each step; take optimizer.batch_size = full, or adam or momentum for batches");
  }
  if (settings.model.dropout > 0) {
    refuse_search("needs one objective to find a step on, and model.dropout makes it another one each step");
  }
  if (settings.run.reduction == "exact16") {
    refuse_search(
        "needs one objective to find a step on, and run.reduction = exact16 adds to each gradient what was left of the "
        "one before; take exact32 or exact64");
  }
  if (settings.run.reduction == "exact32") {
    refuse_search(
        "may try steps that are too long, whose gradients leave sums of 32 bits nothing of the next one; take "
        "run.reduction = exact, which has 64");
  }
  if (settings.run.precision == "bf16") {
    refuse_search(
        "compares values of J that differ little, and run.precision = bf16 rounds them; take float or double");
  }
  if (settings.method.method == "newton_cg" && !hessian_fault.empty()) {
    refuse_search("needs second derivatives, and " + hessian_fault + "; take lbfgs");
  }
  if (settings.schedule.schedule != "constant" || settings.schedule.warmup_steps > 0) {
    refuse_search("finds ε itself; leave out optimizer.schedule and optimizer.warmup_steps");
  }
}

void settle_schedule(const communication::Communicator& ranks, Settings& settings, std::uint64_t steps_per_epoch) {
  const optimize::ScheduleOptions& schedule = settings.schedule;
  if (schedule.has_end() && schedule.schedule_steps == 0) {
    const std::uint64_t steps = steps_of_run(settings.stop, steps_per_epoch);
    if (steps == 0) {
      refuse(settings,
             "has an end, which is not known: set optimizer.schedule_steps, stop.max_steps or "
             "stop.max_epochs");
    }
    settle(ranks, settings, "optimizer.schedule_steps", std::to_string(steps), "steps of this run");
  }
  if (schedule.has_end() && schedule.warmup_steps >= schedule.schedule_steps) {
    refuse(settings, "optimizer.warmup_steps = " + std::to_string(schedule.warmup_steps) +
                         " leaves nothing of optimizer.schedule_steps = " + std::to_string(schedule.schedule_steps));
  }
  if (schedule.uses_decay_steps() && schedule.decay_steps == 0) {
    settle(ranks, settings, "optimizer.decay_steps", std::to_string(steps_per_epoch), "steps of an epoch");
  }
  if (schedule.schedule == "plateau" && !settings.data.validates()) {
    refuse(settings, "looks at the NLL of validation data; set data.validation or data.validation_fraction");
  }
}

template <typename Real>
void settle_learning_rate(const communication::Communicator& ranks, Settings& settings,
                          training::DistributedObjective<Real>& objective, std::span<const Real> theta) {
  objective.select({}, {});
  const double curvature = optimize::largest_curvature<Real>(objective, theta, settings.run.seed);
  if (!(curvature > 0 && std::isfinite(1 / curvature))) {
    throw core::UserError("optimizer.learning_rate = auto: J does not bend at the first parameters; set a number")
        .as_agreed();
  }
  settle(ranks, settings, "optimizer.learning_rate", reporting::exact_text(1 / curvature),
         "one over the largest curvature of J");
  if (ranks.is_root()) {
    std::cout << "rate        " << reporting::short_text(settings.method.learning_rate, 6)
              << ", one over the largest curvature of the objective\n";
  }
}

template void settle_learning_rate(const communication::Communicator&, Settings&,
                                   training::DistributedObjective<float>&, std::span<const float>);
template void settle_learning_rate(const communication::Communicator&, Settings&,
                                   training::DistributedObjective<double>&, std::span<const double>);
template std::unique_ptr<optimize::Method<float>> make_method(const communication::Communicator&, const Settings&,
                                                              const model::ParameterLayout&, const training::Shares&);
template std::unique_ptr<optimize::Method<double>> make_method(const communication::Communicator&, const Settings&,
                                                               const model::ParameterLayout&, const training::Shares&);

}  // namespace cauchy::cli

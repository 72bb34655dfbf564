// What a run of training tells when it ends.

#include "cauchy/cli/run_report.hpp"

#include <array>
#include <numbers>
#include <optional>
#include <span>
#include <sstream>
#include <string_view>

#include "cauchy/checkpoint/store.hpp"
#include "cauchy/cli/run_folders.hpp"
#include "cauchy/cli/writing_text.hpp"
#include "cauchy/reporting/number.hpp"
#include "cauchy/reporting/phase_table.hpp"
#include "cauchy/training/stopping.hpp"

namespace cauchy::cli {
namespace {

using reporting::grouped;
using reporting::short_text;

core::PhaseSeconds reduced(const communication::Communicator& ranks, const core::PhaseSeconds& seconds, double sign) {
  core::PhaseSeconds result = seconds;
  for (double& value : result.values) {
    value *= sign;
  }
  ranks.maximum<double>(result.values);
  for (double& value : result.values) {
    value *= sign;
  }
  return result;
}

void average(const communication::Communicator& ranks, std::span<double> values) {
  ranks.sum<double>(values);
  for (double& value : values) {
    value /= ranks.size();
  }
}

// Collective. Phases of all ranks.
reporting::PhaseSummary summarize(const communication::Communicator& ranks, const core::PhaseSeconds& seconds,
                                  double wall_seconds) {
  reporting::PhaseSummary summary;
  summary.wall_seconds = wall_seconds;
  summary.minimum = reduced(ranks, seconds, -1);
  summary.maximum = reduced(ranks, seconds, 1);
  summary.mean = seconds;
  average(ranks, summary.mean.values);
  return summary;
}

std::string evaluation_text(const char* name, const training::Evaluation& evaluation,
                            const std::vector<std::string>& metrics) {
  std::string text = std::string(name) + " NLL " + short_text(evaluation.nll);
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    text += ", " + metrics[i] + " " + short_text(evaluation.metrics[i]);
  }
  return text;
}

/// Of a model of the next byte, where a sample is a byte.
std::string bits_text(const training::StepReport& last) {
  std::string text;
  const auto add = [&](const char* name, const std::optional<training::Evaluation>& evaluation) {
    if (evaluation) {
      text += (text.empty() ? "bits/byte   " : ", ") + std::string(name) + " " + short_text(bits(evaluation->nll));
    }
  };
  add("validation", last.validation);
  add("test", last.test);
  return text.empty() ? text : text + "\n";
}

}  // namespace

double bits(double nats) {
  return nats / std::numbers::ln2;
}

std::string time_text(const communication::Communicator& ranks, const core::PhaseSeconds& seconds, double wall_seconds,
                      const communication::OverlapSeconds& overlap) {
  std::string text = reporting::phase_table(summarize(ranks, seconds, wall_seconds));
  std::array<double, 3> mean{overlap.communicating, overlap.waited, overlap.processor};
  average(ranks, mean);
  if (mean[0] > 0) {
    text += "overlap     " + short_text(mean[0], 3) +
            " s of communication beside computing, of which computing waited " + short_text(mean[1], 3) +
            " s for the rest; processor time " + short_text(mean[2], 3) + " s\n";
  }
  return text;
}

template <typename Real>
std::string end_text(const RunEnd<Real>& end) {
  const auto& [settings, layout, state, last, checkpoints, metrics] = end;
  const checkpoint::WritingSummary& written = checkpoints.summary();
  std::ostringstream text;
  text << "stopped by " << training::stop_reason_name(last.stop) << " after " << grouped(state.stopping.steps)
       << " steps, " << grouped(state.sampler.epoch) << " epochs: NLL " << short_text(state.history.epoch_nll())
       << ", gradient norm " << short_text(state.stopping.gradient_norm);
  if (last.validation) {
    text << "; " << evaluation_text("validation", *last.validation, metrics);
  }
  if (last.test) {
    text << "; " << evaluation_text("test", *last.test, metrics);
  }
  text << "\n" << (settings.reading.format == "bytes" ? bits_text(last) : "");
  if (state.history.repetitions > 0) {
    text << "sum         repeated " << grouped(state.history.repetitions) << " of " << grouped(state.stopping.steps)
         << " steps, whose gradients did not fit their units at first\n";
  }
  if (written.checkpoints > 0) {
    text << writing_text(written);
  }
  if (checkpoints.newest()) {
    text << "checkpoint  " << checkpoints.newest()->string() << "\n";
  }
  if (state.stopping.best_step > 0) {
    text << "best        "
         << (checkpoints.has_best() ? checkpoint::best_path(settings.checkpoint.directory).string() : "not kept")
         << " (step " << state.stopping.best_step << ", validation NLL "
         << short_text(state.stopping.best_validation_nll) << ")\n";
  }
  text << "metrics     " << run_folders(settings).metrics().string() << "\n"
       << "parameters digest: " << checkpoint::parameters_digest<Real>(layout, std::span<const Real>(state.method.x))
       << "\n";
  if (!training::is_end(last.stop)) {
    text << "start the same command again with --resume to go on\n";
  }
  return text.str();
}

template std::string end_text(const RunEnd<float>&);
template std::string end_text(const RunEnd<double>&);

}  // namespace cauchy::cli

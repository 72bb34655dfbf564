// Where a run of training starts.

#include "cauchy/cli/starting_point.hpp"

#include <algorithm>
#include <iostream>
#include <vector>

#include "cauchy/checkpoint/store.hpp"
#include "cauchy/cli/problem.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/product.hpp"

namespace cauchy::cli {
namespace {

// The checkpoint to resume from; empty: there is none.
std::filesystem::path choose_checkpoint(const std::string& wanted, const std::string& folder) {
  if (!wanted.empty()) {
    require_file("--resume", wanted);
    return wanted;
  }
  const auto newest = checkpoint::newest_valid(folder);
  if (!newest) {
    std::cout << "no checkpoint in " << folder << ": starting afresh\n";
    return {};
  }
  for (const checkpoint::SkippedCheckpoint& skipped : newest->skipped) {
    std::cerr << "cauchy: warning: skipped " << skipped.path.string() << ": " << skipped.reason << "\n";
  }
  return newest->path;
}

// Agreed, since every rank has the same command line.
void check_change(const std::optional<std::string>& resume, const std::optional<std::string>& change,
                  const Settings& settings) {
  if (change && *change != changeable) {
    throw core::UserError("command line: --change " + *change + ": only " + std::string(changeable) +
                          " can change when a run is resumed")
        .as_agreed();
  }
  if (change && !resume) {
    throw core::UserError("command line: --change goes with --resume: a fresh run is free in its settings").as_agreed();
  }
  if (change && settings.method.measures_rate()) {
    throw core::UserError(
        "command line: --change " + *change +
        ": optimizer.learning_rate = auto is measured when a run starts, and a resumed one keeps it; set a number")
        .as_agreed();
  }
}

void warn_of_other_arithmetic(const checkpoint::Header& header, const std::string& precision) {
  const auto backend = std::string(precision == "double" ? linear_algebra::product_backend<double>()
                                                         : linear_algebra::product_backend<float>());
  const auto instructions = std::string(linear_algebra::instruction_set());
  if (header.product_backend != backend || header.instruction_set != instructions) {
    std::cerr << "cauchy: warning: the checkpoint was made with " << header.product_backend << " on "
              << header.instruction_set << ", this run uses " << backend << " on " << instructions
              << ": the last bits may differ from those of a run that never stopped\n";
  }
}

/// What an earlier launch has put in place of `auto`, and this one must follow.
struct Settled {
  const communication::Communicator& ranks;
  Settings& settings;
  const std::vector<config::Entry>& stored;  ///< on the root; empty: this is the first launch
  std::string path;

  /// Collective. `value`, from `source`, where nothing is stored.
  void settle(const std::string& key, const std::string& value, const std::string& source) const {
    const auto same_key = [&](const config::Entry& entry) { return entry.key == key; };
    const auto entry = std::ranges::find_if(stored, same_key);
    const bool is_stored = entry != stored.end();
    cli::settle(ranks, settings, key, is_stored ? entry->value : value, is_stored ? path : source);
  }
};

}  // namespace

StartingPoint find_starting_point(const communication::Communicator& ranks, const std::optional<std::string>& resume,
                                  const std::optional<std::string>& change, Settings& settings) {
  check_change(resume, change, settings);
  StartingPoint start;
  checkpoint::Header header;
  std::vector<config::Entry> stored;
  communication::agree_on_root(ranks, [&] {
    if (!resume) {
      return;
    }
    const core::Doing doing("looking for a checkpoint");
    start.path = choose_checkpoint(*resume, settings.checkpoint.directory);
    if (start.path.empty()) {
      return;
    }
    start.resumed = true;
    header = checkpoint::read_header(start.path);
    start.problem = header.problem;
    stored = config::parse_text(header.configuration, start.path.string());
  });
  const std::string launch = std::to_string(static_cast<std::uint64_t>(ranks.size()) * settings.run.threads);
  const Settled found{ranks, settings, stored, start.path.string()};
  if (settings.data.shards == 0) {
    found.settle("data.shards", launch, "ranks × threads of this launch");
  }
  if (settings.model.vocabulary.empty()) {
    found.settle("model.vocabulary", "", "default");
  }
  if (settings.method.measures_rate()) {
    found.settle("optimizer.learning_rate", "auto", "default");
  }
  if (settings.schedule.schedule_steps == 0) {
    found.settle("optimizer.schedule_steps", "auto", "default");
  }
  if (settings.schedule.decay_steps == 0) {
    found.settle("optimizer.decay_steps", "auto", "default");
  }
  communication::agree_on_root(ranks, [&] {
    if (start.resumed) {
      refuse_other_settings(start.path.string(), header.configuration, settings,
                            change ? std::vector{*change} : std::vector<std::string>{},
                            "use those of the checkpoint, or train afresh without --resume (--change=" +
                                std::string(changeable) + " lets a resumed run change that one)");
      warn_of_other_arithmetic(header, settings.run.precision);
      std::cout << "resuming from " << start.path.string() << " (step " << header.stopping.steps << ")\n";
    }
  });
  std::int32_t resumed = start.resumed ? 1 : 0;
  ranks.broadcast<std::int32_t>({&resumed, 1});
  start.resumed = resumed != 0;
  broadcast(ranks, start.problem);
  return start;
}

}  // namespace cauchy::cli

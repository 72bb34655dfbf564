// Checkpoints in a folder.

#include "cauchy/checkpoint/store.hpp"

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

#include "cauchy/core/error.hpp"
#include "cauchy/storage/atomic_file.hpp"
#include "cauchy/storage/descriptor.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::checkpoint {
namespace {

constexpr std::string_view name_prefix = "checkpoint-";
constexpr std::string_view name_suffix = ".h5";
constexpr const char* best_name = "best.h5";

/// Zeros in front make the order of names the order of steps.
std::string name_of(std::uint64_t step) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%08" PRIu64, step);
  return std::string(name_prefix) + digits + std::string(name_suffix);
}

std::optional<std::uint64_t> step_of(std::string_view name) {
  if (!name.starts_with(name_prefix) || !name.ends_with(name_suffix) ||
      name.size() <= name_prefix.size() + name_suffix.size()) {
    return std::nullopt;
  }
  const std::string_view digits =
      name.substr(name_prefix.size(), name.size() - name_prefix.size() - name_suffix.size());
  std::uint64_t step = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  return error == std::errc{} && end == digits.data() + digits.size() ? std::optional(step) : std::nullopt;
}

[[noreturn]] void fail(const std::string& action, const std::filesystem::path& path, const std::error_code& error) {
  throw storage::StorageError("cannot " + action + " " + path.string() + ": " + error.message());
}

/// The best checkpoint, if there is one. Throws core::InputOutputError if it is not valid.
std::optional<NumberedCheckpoint> best_in(const std::filesystem::path& folder) {
  std::error_code ignored;
  const std::filesystem::path path = best_path(folder);
  return std::filesystem::exists(path, ignored)
             ? std::optional<NumberedCheckpoint>({read_header(path).stopping.steps, path})
             : std::nullopt;
}

/// Whether the best checkpoint is of this step or a later one. One that is not valid belongs to any step.
bool is_best_since(const std::filesystem::path& folder, std::uint64_t first_step) {
  try {
    const std::optional<NumberedCheckpoint> best = best_in(folder);
    return best && best->step >= first_step;
  } catch (const core::InputOutputError&) {
    return true;
  }
}

std::filesystem::path make_earlier_folder(const std::filesystem::path& folder) {
  for (std::uint64_t number = 1;; ++number) {
    std::filesystem::path path = folder / ("earlier-" + std::to_string(number));
    std::error_code error;
    if (std::filesystem::create_directory(path, error)) {
      return path;
    }
    if (error && error != std::errc::file_exists) {
      fail("create", path, error);
    }
  }
}

}  // namespace

std::filesystem::path best_path(const std::filesystem::path& folder) {
  return folder / best_name;
}

std::vector<NumberedCheckpoint> numbered(const std::filesystem::path& folder) {
  std::vector<NumberedCheckpoint> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (const std::optional<std::uint64_t> step = step_of(entry->path().filename().string())) {
      found.push_back({*step, entry->path()});
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    fail("list", folder, error);
  }
  std::ranges::sort(found, {}, &NumberedCheckpoint::step);
  return found;
}

Store::Store(std::filesystem::path folder, Retention retention)
    : folder_(std::move(folder)), retention_(std::move(retention)) {
  try {
    const std::optional<NumberedCheckpoint> best = best_in(folder_);
    best_step_ = best ? best->step : 0;
  } catch (const core::InputOutputError&) {
    // Not valid: as good as none.
  }
}

template <typename Real>
SavedCheckpoint Store::save(const Description& description, const training::TrainingState<Real>& state,
                            const SaveAs& as) {
  SavedCheckpoint saved;
  const std::uint64_t step = state.stopping.steps;
  if (as.best) {
    save_best(description, state, saved);
  }
  if (as.numbered) {
    saved.path = folder_ / name_of(step);
    if (best_step_ != step || !as.best || !storage::link_in_place(best_path(folder_), saved.path)) {
      saved.cost.add(checkpoint::save(saved.path, description, state));
    }
  }
  follow_best(state.stopping.best_step);
  saved.has_best = best_step_ > 0 && best_step_ == state.stopping.best_step;
  if (as.numbered) {
    saved.leftover = prune(step, std::max(retention_.keep, as.keep_at_least));
  }
  return saved;
}

template <typename Real>
void Store::save_best(const Description& description, const training::TrainingState<Real>& state,
                      SavedCheckpoint& saved) {
  try {
    saved.cost.add(checkpoint::save(best_path(folder_), description, state));
    best_step_ = state.stopping.steps;
  } catch (const core::InputOutputError& error) {
    saved.best_failure = error.what();
  }
}

/// Makes best.h5 that of the step, if the numbered one is there and whole.
void Store::follow_best(std::uint64_t step) {
  std::error_code ignored;
  const std::filesystem::path numbered = folder_ / name_of(step);
  if (step == 0 || step == best_step_ || !std::filesystem::exists(numbered, ignored)) {
    return;
  }
  try {
    verify(numbered);
    best_step_ = storage::link_in_place(numbered, best_path(folder_)) ? step : best_step_;
  } catch (const core::InputOutputError&) {
    // The next save tries again.
  }
}

/// Why an older checkpoint could not be removed; empty if all were.
std::string Store::prune(std::uint64_t newest_step, std::uint64_t keep) const {
  std::vector<NumberedCheckpoint> found = numbered(folder_);
  std::erase_if(found, [&](const NumberedCheckpoint& entry) { return entry.step > newest_step; });
  found.resize(found.size() - std::min<std::size_t>(found.size(), std::max<std::uint64_t>(1, keep)));
  std::string leftover;
  for (const NumberedCheckpoint& entry : found) {
    std::error_code error;
    if (!stays(entry.step) && !std::filesystem::remove(entry.path, error) && error) {
      leftover = "cannot remove " + entry.path.string() + ": " + error.message();
    }
  }
  return leftover;
}

bool Store::stays(std::uint64_t step) const {
  return std::ranges::any_of(retention_.intervals,
                             [step](std::uint64_t interval) { return interval > 0 && step % interval == 0; });
}

void remove_leftovers(const std::filesystem::path& folder) {
  storage::remove_abandoned(folder, std::string(name_prefix));
  storage::remove_abandoned(folder, best_name);
}

std::optional<NewestCheckpoint> newest_valid(const std::filesystem::path& folder) {
  std::vector<NumberedCheckpoint> found = numbered(folder);
  std::vector<SkippedCheckpoint> skipped;
  try {
    if (const std::optional<NumberedCheckpoint> best = best_in(folder)) {
      // Before the numbered one of the same step, which is taken first.
      found.insert(std::ranges::lower_bound(found, best->step, {}, &NumberedCheckpoint::step), *best);
    }
  } catch (const core::InputOutputError& error) {
    skipped.push_back({best_path(folder), error.what()});
  }
  for (auto entry = found.rbegin(); entry != found.rend(); ++entry) {
    try {
      verify(entry->path);
      return NewestCheckpoint{entry->path, std::move(skipped)};
    } catch (const core::InputOutputError& error) {
      skipped.push_back({entry->path, error.what()});
    }
  }
  if (skipped.empty()) {
    return std::nullopt;
  }
  std::string text = folder.string() + ": no checkpoint is valid";
  for (const SkippedCheckpoint& checkpoint : skipped) {
    text += "\n  " + checkpoint.reason;
  }
  throw core::InputOutputError(text + "\nWithout --resume a fresh run starts and sets these files aside.");
}

void number_best(const std::filesystem::path& folder, std::uint64_t step) {
  const std::filesystem::path numbered = folder / name_of(step);
  if (!storage::link_in_place(best_path(folder), numbered)) {
    storage::copy_file(best_path(folder), numbered);
  }
}

std::optional<std::filesystem::path> set_aside(const std::filesystem::path& folder,
                                               std::optional<std::uint64_t> first_step,
                                               const std::vector<std::string>& further_files) {
  std::vector<std::filesystem::path> moving;
  if (first_step) {
    for (const NumberedCheckpoint& entry : numbered(folder)) {
      if (entry.step >= *first_step) {
        moving.push_back(entry.path);
      }
    }
    if (is_best_since(folder, *first_step)) {
      moving.push_back(best_path(folder));
    }
  }
  for (const std::string& name : further_files) {
    std::error_code ignored;
    if (std::filesystem::exists(folder / name, ignored)) {
      moving.push_back(folder / name);
    }
  }
  if (moving.empty()) {
    return std::nullopt;
  }
  const std::filesystem::path target = make_earlier_folder(folder);
  for (const std::filesystem::path& path : moving) {
    std::error_code error;
    std::filesystem::rename(path, target / path.filename(), error);
    if (error) {
      fail("move", path, error);
    }
  }
  storage::sync_folder(target);
  storage::sync_folder(folder);
  return target;
}

template SavedCheckpoint Store::save(const Description&, const training::TrainingState<float>&, const SaveAs&);
template SavedCheckpoint Store::save(const Description&, const training::TrainingState<double>&, const SaveAs&);

}  // namespace cauchy::checkpoint

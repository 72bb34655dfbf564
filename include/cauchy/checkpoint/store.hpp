#pragma once
/// A folder of checkpoints: names, retention, the newest valid one, earlier runs.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::checkpoint {

/// Which checkpoints stay.
struct Retention {
  std::uint64_t keep = 3;                     ///< of the newest, at least 1
  std::vector<std::uint64_t> intervals = {};  ///< a step that one of these divides stays for ever; 0 divides none
};

/// As what a state is saved.
struct SaveAs {
  bool numbered = false;  ///< checkpoint-<step>.h5
  bool best = false;      ///< best.h5, in place of the one before
  std::uint64_t keep_at_least = 1;
};

struct NumberedCheckpoint {
  std::uint64_t step = 0;
  std::filesystem::path path;
};

/// Those in a folder by the names of their files, oldest first; none if it is missing. Throws storage::StorageError.
std::vector<NumberedCheckpoint> numbered(const std::filesystem::path& folder);

/// <folder>/best.h5
std::filesystem::path best_path(const std::filesystem::path& folder);

struct SavedCheckpoint {
  std::filesystem::path path;  ///< the numbered one, if it was wanted
  std::string leftover;        ///< why an older checkpoint could not be removed; empty if none stands in the way
  std::string best_failure;    ///< why the best one is not on the device, if it was wanted; empty if it is
  storage::WritingCost cost;
  bool has_best = false;  ///< whether best.h5 is that of the state's best step
};

/// Writes checkpoints to a folder and keeps the newest. One store a folder at a time: whoever has locked it.
///
///     Store store("runs/digits", {.keep = 3});
///     store.save(description, state, {.numbered = true});      // runs/digits/checkpoint-00000120.h5
class Store {
 public:
  /// An existing folder.
  Store(std::filesystem::path folder, Retention retention);

  /// Saves as the best, under the number of the state's step, or both: one file then, or a copy where the file system
  /// knows no hard links. Each name appears atomically, after its contents have been verified; the best first, so that
  /// no numbered checkpoint speaks of a best one that is not there. Where best.h5 is not that of the state's best step,
  /// because it could not be written or was removed, it becomes so as long as the numbered one of that step is there.
  ///
  /// Then removes the oldest numbered checkpoints of this and earlier steps until `keep` remain, or `keep_at_least` if
  /// that is more, besides those that stay for ever. Those of later steps stay: they belong to a run that this one
  /// branched off. Throws storage::StorageError if the numbered checkpoint could not be written; then the older ones
  /// are all there.
  template <typename Real>
  SavedCheckpoint save(const Description& description, const training::TrainingState<Real>& state, const SaveAs& as);

 private:
  template <typename Real>
  void save_best(const Description& description, const training::TrainingState<Real>& state, SavedCheckpoint& saved);
  void follow_best(std::uint64_t step);
  std::string prune(std::uint64_t newest_step, std::uint64_t keep) const;
  bool stays(std::uint64_t step) const;

  std::filesystem::path folder_;
  Retention retention_;
  std::uint64_t best_step_ = 0;  ///< of best.h5; 0: there is none that is valid
};

/// Removes what writers that died have left in a folder that nobody else writes to. Throws storage::StorageError.
void remove_leftovers(const std::filesystem::path& folder);

struct SkippedCheckpoint {
  std::filesystem::path path;
  std::string reason;
};

struct NewestCheckpoint {
  std::filesystem::path path;
  std::vector<SkippedCheckpoint> skipped;  ///< newer, but not valid; newest first
};

/// The valid checkpoint of the highest step, the best one among them. None if the folder is missing or holds no
/// checkpoints. Throws core::InputOutputError if there are checkpoints and none is valid.
std::optional<NewestCheckpoint> newest_valid(const std::filesystem::path& folder);

/// Gives best.h5, which is of this step, the number of the step as well: for a run that was ended between its last two
/// files. Throws storage::StorageError.
void number_best(const std::filesystem::path& folder, std::uint64_t step);

/// Makes room for another run: moves the checkpoints from `first_step` on (none: no checkpoint), the best one among
/// them, and the named further files that exist (such as "metrics.csv") into <folder>/earlier-1, or the next free
/// number. A best one that is not valid belongs to any step. Returns that folder; none if there was nothing to move.
/// Throws storage::StorageError.
std::optional<std::filesystem::path> set_aside(const std::filesystem::path& folder,
                                               std::optional<std::uint64_t> first_step,
                                               const std::vector<std::string>& further_files);

}  // namespace cauchy::checkpoint

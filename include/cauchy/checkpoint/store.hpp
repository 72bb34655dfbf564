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

struct SavedCheckpoint {
  std::filesystem::path path;
  std::string leftover;  ///< why an older checkpoint could not be removed; empty if none stands in the way
};

/// Writes checkpoints to a folder and keeps the newest.
///
///     Store store("runs/digits", 3);
///     store.save(description, state);      // runs/digits/checkpoint-00000120.h5
class Store {
 public:
  /// Makes the folder where it is missing, and removes what writers that died have left. keep ≥ 1.
  Store(std::filesystem::path folder, std::uint64_t keep);

  /// Saves under the number of the state's step, atomically; then removes the oldest checkpoints of this and earlier
  /// steps until `keep` remain, or `keep_at_least` if that is more. Those of later steps stay: they belong to a run
  /// that this one branched off. Throws storage::StorageError if the checkpoint could not be written; then the older
  /// ones are all there.
  template <typename Real>
  SavedCheckpoint save(const Description& description, const training::TrainingState<Real>& state,
                       std::uint64_t keep_at_least = 1);

 private:
  std::string prune(std::uint64_t newest_step, std::uint64_t keep) const;

  std::filesystem::path folder_;
  std::uint64_t keep_;
};

struct SkippedCheckpoint {
  std::filesystem::path path;
  std::string reason;
};

struct NewestCheckpoint {
  std::filesystem::path path;
  std::vector<SkippedCheckpoint> skipped;  ///< newer, but not valid; newest first
};

/// The valid checkpoint of the highest step. None if the folder is missing or holds no checkpoints. Throws
/// core::InputOutputError if there are checkpoints and none is valid.
std::optional<NewestCheckpoint> newest_valid(const std::filesystem::path& folder);

/// Makes room for another run: moves the checkpoints from `first_step` on and the named further files that exist (such
/// as "metrics.csv") into <folder>/earlier-1, or the next free number. Returns that folder; none if there was nothing
/// to move. Throws storage::StorageError.
std::optional<std::filesystem::path> set_aside(const std::filesystem::path& folder, std::uint64_t first_step,
                                               const std::vector<std::string>& further_files);

}  // namespace cauchy::checkpoint

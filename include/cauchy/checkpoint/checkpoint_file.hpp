#pragma once
/// One checkpoint: the complete state of training in one sealed HDF5 file (storage/seal.hpp).
///
///     /                  attributes format_version, cauchy_version, instruction_set, product_backend, precision,
///                        stop_reason: why training ended at this step, as in metrics.csv; empty where it did not
///     /configuration     text: the keys that determine Θ
///     /problem           attributes rows, inputs, target_columns, classes
///     /parameters/<layer>/<tensor>         in natural shape, attribute index: its place in Θ
///     /optimizer/<slot>/<layer>/<tensor>   the same; the slot has an attribute index
///     /optimizer         attributes: numbers that the method keeps beside, by their names
///     /sampler, /stopping, /history, /plateau, /divergence   attributes by the names of their fields
///     /standardisation/{mean,scale}        (inputs), where features are standardized
///     /standardisation/{target_mean,target_deviation}   (target columns), where targets are
///     /reduction/{units,ages}              (blocks), where gradients are summed as integers: exponents of the units,
///                                          and for how many steps a smaller one would have done
///     /reduction/residuals/<shard>/<layer>/<tensor>   where these have 16 bits: what rounding left of its gradients
///
/// Equal states give equal bytes: no rank count, thread count, folder, host or time is in the file.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "cauchy/data/encoding.hpp"
#include "cauchy/model/layout.hpp"
#include "cauchy/model/target_summary.hpp"
#include "cauchy/storage/seal.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::checkpoint {

inline constexpr std::uint64_t format_version = 6;

/// What a run is beside its configuration: enough to rebuild the network without the data, and to know the data again.
struct ProblemShape {
  std::uint64_t rows = 0;  ///< N of the training data, to which the sampler's position belongs
  std::uint64_t inputs = 0;
  std::uint64_t target_columns = 0;
  std::uint64_t classes = 0;             ///< 0: not categorical
  model::TargetScale target_scale = {};  ///< of standardised targets
  data::Encoding encoding = {};          ///< of training data that were text

  bool operator==(const ProblemShape&) const = default;
};

/// What stays the same from checkpoint to checkpoint of a run.
struct Description {
  model::ParameterLayout layout;
  std::string configuration;  ///< the keys that determine Θ
  ProblemShape problem;
  std::string instruction_set;  ///< this and the backend decide the last bits of products
  std::string product_backend;
};

struct TensorInfo {
  std::string path;  ///< "<layer>/<tensor>"
  std::vector<std::uint64_t> shape;
};

/// A checkpoint without its vectors.
struct Header {
  std::uint64_t version = 0;  ///< of the format
  std::string cauchy_version;
  std::string instruction_set;
  std::string product_backend;
  std::string precision;    ///< "float" or "double"
  std::string stop_reason;  ///< empty: training did not end there
  std::string configuration;
  ProblemShape problem;
  std::vector<TensorInfo> tensors;  ///< in the order of Θ
  training::SamplerPosition sampler;
  training::StoppingState stopping;
  training::History history;
};

/// Writes a checkpoint atomically, in place of an older file of that name, and reads it back from the device before it
/// gets that name. Throws storage::StorageError.
template <typename Real>
storage::WritingCost save(const std::filesystem::path& path, const Description& description,
                          const training::TrainingState<Real>& state);

/// Whether the file calls itself a checkpoint, whatever its condition. Throws storage::StorageError if it cannot be
/// read.
bool is_checkpoint(const std::filesystem::path& path);

/// Compares a file with its own length and check sum, without HDF5, which does not survive every damaged file. Throws
/// core::InputOutputError, which says what is wrong: not a checkpoint, of another format, cut off, damaged and where.
void verify(const std::filesystem::path& path);

/// Verifies, then reads all but the vectors. Throws core::InputOutputError.
Header read_header(const std::filesystem::path& path);

/// Verifies, then reads the state, with zeros between tensors. Throws core::InputOutputError; core::UserError if the
/// file holds another precision or other tensors than the layout, and tells all differences.
template <typename Real>
training::TrainingState<Real> load(const std::filesystem::path& path, const model::ParameterLayout& layout);

/// Verifies, then reads Θ alone, from a file of either precision, with zeros between tensors. Throws
/// core::InputOutputError; core::UserError if the file holds other tensors, or a number that a Real cannot hold.
template <typename Real>
linear_algebra::AlignedVector<Real> load_parameters(const std::filesystem::path& path,
                                                    const model::ParameterLayout& layout);

/// "sha256:<64 hex digits>" over the bytes of Θ in layout order, without padding.
template <typename Real>
std::string parameters_digest(const model::ParameterLayout& layout, std::span<const Real> theta);

/// The same of the parameters in a file, of either precision. Verifies first.
std::string parameters_digest(const std::filesystem::path& path);

}  // namespace cauchy::checkpoint

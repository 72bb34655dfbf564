#pragma once
/// From settings to the things that training and evaluation share: data sets, the network, a stored state.

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/model/network.hpp"
#include "cauchy/optimize/method.hpp"
#include "cauchy/training/shares.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::cli {

/// Throws an agreed core::UserError if the samples of a source do not look like those of the problem. Same arguments on
/// every rank.
void check_columns(const data::Reader& reader, const checkpoint::ProblemShape& problem);

/// The same for features alone.
void check_inputs(const data::Reader& reader, const checkpoint::ProblemShape& problem);

/// What the network must look like for these training data, the same on every rank. Throws an agreed core::UserError.
/// The number of classes is the largest class plus one unless model.classes says it.
template <typename Real>
checkpoint::ProblemShape problem_shape(const Settings& settings, const data::Dataset<Real>& train);

/// Collective. Throws an agreed core::UserError where the machine has no room for so many vectors of its parameters.
template <typename Real>
std::unique_ptr<model::Network<Real>> make_network(const communication::Communicator& ranks, const Settings& settings,
                                                   const checkpoint::ProblemShape& problem, std::uint64_t vectors = 1);

/// Samples of a workspace that evaluates these data sets; those that are not there are null.
template <typename Real>
std::uint64_t evaluation_samples(std::uint64_t microbatch, std::initializer_list<const data::Dataset<Real>*> datasets);

/// Collective. The state in a checkpoint, which the root reads for all. `path` counts on the root. `method` is that of
/// the rank's share.
template <typename Real>
training::TrainingState<Real> load_state(const communication::Communicator& ranks, const std::filesystem::path& path,
                                         const model::ParameterLayout& layout, const optimize::Method<Real>& method,
                                         const training::Shares& shares = {});

/// Collective. Θ of a checkpoint, which the root reads for all: model.initial.
template <typename Real>
linear_algebra::AlignedVector<Real> initial_parameters(const communication::Communicator& ranks,
                                                       const std::string& path, const model::ParameterLayout& layout);

/// Throws core::UserError, naming the option, unless this is a file.
void require_file(const std::string& option, const std::filesystem::path& path);

/// Throws core::UserError, naming the option --output, unless the output can be a new file in a folder that is there,
/// and is none of those that are read, which it would replace.
void check_output(const std::filesystem::path& output, std::initializer_list<std::filesystem::path> inputs);

/// Collective. Replaces the shape by the root's.
void broadcast(const communication::Communicator& ranks, checkpoint::ProblemShape& problem);

/// Calls work.template operator()<Real>() with the type that run.precision names.
template <typename Work>
auto with_precision(const std::string& precision, Work work) {
  return precision == "double" ? work.template operator()<double>() : work.template operator()<float>();
}

}  // namespace cauchy::cli

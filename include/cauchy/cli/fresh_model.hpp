#pragma once
/// What a run that starts at the beginning starts with.

#include <cstdint>
#include <memory>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/model/model.hpp"
#include "cauchy/model/network.hpp"

namespace cauchy::cli {

template <typename Real>
struct FreshModel {
  data::Standardization standardization;
  std::unique_ptr<data::Dataset<Real>> train;
  checkpoint::ProblemShape problem;
  std::unique_ptr<model::Network<Real>> network;  ///< null: the model is the program's own
  const model::Model<Real>* model = nullptr;      ///< the network, or the program's own
  linear_algebra::AlignedVector<Real> theta;      ///< of run.seed, or of model.initial
};

/// Collective. Reads the training data, builds the network that fits them, and its initial Θ. Settles what the data
/// decide: categories and vocabulary. Throws agreed errors. `streamed_block_rows`: see data::Dataset.
template <typename Real>
FreshModel<Real> make_fresh_model(const communication::Communicator& ranks, Settings& settings,
                                  std::unique_ptr<const data::Reader> reader, std::uint64_t streamed_block_rows);

/// Collective. Θ of run.seed, for these training data. `network` is the model, or null where that is the program's own,
/// of which all ranks start from the root's.
template <typename Real>
linear_algebra::AlignedVector<Real> seeded_parameters(const communication::Communicator& ranks,
                                                      const Settings& settings, const model::Model<Real>& model,
                                                      const model::Network<Real>* network,
                                                      const data::Dataset<Real>& train);

/// Throws an agreed core::UserError if there are fewer rows than shards. Same arguments on every rank.
void check_shards(const data::Reader& train, const Settings& settings);

}  // namespace cauchy::cli

#pragma once
/// A model at a point Θ, for the commands that look at J as a function of Θ.

#include <cstdint>
#include <memory>
#include <string>

#include "cauchy/cli/command_line.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/config/sources.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/model/model.hpp"
#include "cauchy/model/network.hpp"

namespace cauchy::cli {

/// In double precision, whatever the run has.
struct Point {
  std::unique_ptr<model::Network<double>> network;  ///< null: the model is a program's own
  const model::Model<double>* model = nullptr;      ///< the network, or a program's own
  linear_algebra::AlignedVector<double> theta;
  data::Standardization standardization;        ///< of the training data
  std::unique_ptr<data::Dataset<double>> data;  ///< that J is the mean over
  std::string text;                             ///< for people
  std::string checkpoint;                       ///< empty: Θ is that of run.seed, or of model.initial
  std::uint64_t steps = 0;                      ///< after which the checkpoint was written
};

/// Collective. The point that --checkpoint names, or the one at which a run of --config would start; with the data of
/// the key `set`, data.train, or data.test with a checkpoint. Settles precision and batches, and data.shards, unless
/// these are chosen, on as many as no usual launch exceeds, so that what is found does not depend on the launch.
/// Without a checkpoint `sources` may have what stands below file, environment and command line. Starts the watchdog.
/// Throws agreed errors, those about the data included.
Point open_point(const communication::Communicator& ranks, const CommandLine& line, const std::string& set,
                 Settings& settings, config::Sources sources = {});

/// The options of such a command.
CommandOption initial_point_option();
CommandOption stored_point_option();

}  // namespace cauchy::cli

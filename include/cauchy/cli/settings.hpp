#pragma once
/// All options of a run, and how every rank comes to the same values.

#include <functional>
#include <string>
#include <vector>

#include "cauchy/checkpoint/options.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/config/resolve.hpp"
#include "cauchy/data/options.hpp"
#include "cauchy/data/source.hpp"
#include "cauchy/model/options.hpp"
#include "cauchy/optimize/options.hpp"
#include "cauchy/reporting/options.hpp"
#include "cauchy/training/options.hpp"

namespace cauchy::cli {

/// The option structs of all rooms under their sections. Stays where it is: the schema points into it.
struct Settings {
  Settings();
  ~Settings() = default;
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;

  model::ModelOptions model;
  data::DataOptions data;
  data::ReadingOptions reading;
  optimize::MethodOptions method;
  optimize::ScheduleOptions schedule;
  training::BatchOptions batch;
  training::StopOptions stop;
  checkpoint::CheckpointOptions checkpoint;
  reporting::OutputOptions output;
  training::RunOptions run;

  config::Schema schema;
  config::Resolution resolution;                 ///< on the root alone
  std::function<void(const std::string&)> tell;  ///< notices about data; on the root alone

  /// Of data.train, data.validation or data.test.
  const std::string& labels(const std::string& key) const {
    return key == "data.train"  ? reading.train_labels
           : key == "data.test" ? reading.test_labels
                                : reading.validation_labels;
  }

  /// The data of one of these.
  data::Source source(const std::string& key, const std::string& path) const {
    return {key,   path,  data.features, data.targets, data.weights, data.exposure, model.class_weights,
            false, false, labels(key),   reading,      tell};
  }
};

/// Collective. The root reads file, environment and command line; every rank gets its values. Throws an agreed
/// core::UserError that tells all problems at once.
void resolve_settings(const communication::Communicator& ranks, const config::Sources& sources, Settings& settings);

/// Throws core::UserError, key by key, if the settings differ from those that a checkpoint keeps in anything that
/// determines Θ, apart from the keys in `free`. `hint` says what to do. For the root.
void refuse_other_settings(const std::string& path, const std::string& stored, const Settings& settings,
                           const std::vector<std::string>& free, const std::string& hint);

/// Collective. Sets one option on every rank after the resolution, such as a number of shards that the launch decides.
void settle(const communication::Communicator& ranks, Settings& settings, const std::string& key,
            const std::string& value, const std::string& source);

}  // namespace cauchy::cli

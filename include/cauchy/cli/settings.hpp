#pragma once
/// All options of a run, and how every rank comes to the same values.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cauchy/checkpoint/options.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/config/resolve.hpp"
#include "cauchy/data/options.hpp"
#include "cauchy/data/rows.hpp"
#include "cauchy/data/source.hpp"
#include "cauchy/model/model.hpp"
#include "cauchy/model/options.hpp"
#include "cauchy/optimize/options.hpp"
#include "cauchy/reporting/options.hpp"
#include "cauchy/training/options.hpp"

namespace cauchy::cli {

/// What a program that uses Cauchy as a library brings along, in place of [model] and of files. Nothing but the model's
/// own l1, l2 and initial says anything then.
struct OwnProblem {
  const model::Model<double>* model = nullptr;  ///< null: a network
  std::string name;
  std::uint64_t inputs = 0;  ///< that samples must have, as the next
  std::uint64_t target_columns = 0;
  std::map<std::string, std::shared_ptr<const data::Rows>> rows;  ///< by the key that would name a file: data.train
};

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
  OwnProblem own;

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
    const auto brought = own.rows.find(key);
    return {key,
            path,
            data.features,
            data.targets,
            data.weights,
            data.exposure,
            model.class_weights,
            false,
            false,
            labels(key),
            reading,
            tell,
            brought == own.rows.end() ? nullptr : brought->second};
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

#pragma once
/// The rows that train, and those that data.validation_fraction takes from them.

#include <memory>

#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/reader.hpp"

namespace cauchy::cli {

struct TrainingReaders {
  std::unique_ptr<const data::Reader> train;
  std::unique_ptr<const data::Reader> validation;  ///< null unless it is a part of data.train
};

/// Collective. Opens data.train, and splits it if that is asked for. Throws an agreed core::UserError if the file does
/// not do, if validation data are named twice, or if one half would be empty.
TrainingReaders open_training_data(const communication::Communicator& ranks, const Settings& settings,
                                   const data::Encoding& encoding);

}  // namespace cauchy::cli

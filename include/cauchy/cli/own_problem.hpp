#pragma once
/// A problem that a program brings along, instead of a network and files.

#include <type_traits>

#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/reader.hpp"
#include "cauchy/model/model.hpp"

namespace cauchy::cli {

/// Collective. Right after the settings are resolved: puts the program's rows in place of files, and double in place of
/// float. Throws an agreed core::UserError if something else is set that says nothing here. Does nothing where no model
/// is brought along.
void settle_own_problem(const communication::Communicator& ranks, Settings& settings);

/// Throws an agreed core::UserError if the samples are not such as the program's model takes. Same arguments on every
/// rank.
void check_own_problem(const data::Reader& reader, const Settings& settings);

/// Null: a network is to be made.
template <typename Real>
const model::Model<Real>* own_model(const Settings& settings) {
  if constexpr (std::is_same_v<Real, double>) {
    return settings.own.model;
  } else {
    return nullptr;
  }
}

}  // namespace cauchy::cli

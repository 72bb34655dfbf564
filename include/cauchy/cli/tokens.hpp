#pragma once
/// Features that are tokens, 0, 1, 2, ...: model.embedding.

#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/model/options.hpp"

namespace cauchy::cli {

/// Collective. Settles model.vocabulary, where it is empty, on the categories of columns that became tokens, and 0 for
/// numbers beside them. Throws an agreed core::UserError if data.categories asks for tokens and there are no
/// categories.
void settle_categories(const communication::Communicator& ranks, Settings& settings, const data::Reader& train);

/// Throws an agreed core::UserError if the features that a reader has cannot be what model.embedding and
/// model.vocabulary say. Same arguments on every rank.
void check_tokens(const data::Reader& reader, const Settings& settings);

/// Tokens stay as they are where numbers beside them are standardised.
void spare_tokens(const model::ModelOptions& options, data::Standardization& standardization);

/// Collective. Settles model.vocabulary, where it is empty and there are tokens, on the largest token plus one.
template <typename Real>
void settle_vocabulary(const communication::Communicator& ranks, Settings& settings, const data::Dataset<Real>& train);

/// ", tokens 0 to 255 in vectors of 32", or nothing.
std::string tokens_text(const model::ModelOptions& options);

}  // namespace cauchy::cli

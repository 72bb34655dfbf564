// Features that are tokens.

#include "cauchy/cli/tokens.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::cli {
namespace {

// Beyond, a float does not hold every whole number.
constexpr double most_tokens = 1 << 24;
constexpr std::uint64_t byte_values = 256;

bool is_token(const model::ModelOptions& options, std::size_t column) {
  return options.embedding > 0 && (options.vocabulary.size() <= 1 || options.vocabulary.at(column) > 0);
}

void check_bytes(const data::Reader& reader, const model::ModelOptions& options) {
  if (options.embedding == 0) {
    throw core::UserError(data::at(reader.source()) +
                          "holds bytes (data.format), which are tokens and no numbers: set "
                          "model.embedding")
        .as_agreed();
  }
  if (options.vocabulary.size() > 1 || (options.vocabulary.size() == 1 && options.vocabulary.front() < byte_values)) {
    throw core::UserError("data.format = bytes has tokens 0 to 255 in one table: leave model.vocabulary empty")
        .as_agreed();
  }
}

void check_categories(const data::Reader& reader, const model::ModelOptions& options) {
  const auto fail = [&](const data::EncodedColumn& column, const std::string& what) {
    throw core::UserError(data::at(reader.source()) + "column " + column.name + what).as_agreed();
  };
  const std::vector<std::uint64_t>& sizes = options.vocabulary;
  std::size_t input = 0;
  for (const data::EncodedColumn& column : reader.encoding().features) {
    if (column.is_token && options.embedding == 0) {
      fail(column,
           " holds categories as tokens (data.categories = embedded), which are no numbers: set model.embedding");
    }
    if (column.is_token && (sizes.size() != reader.shape().inputs || sizes[input] != column.categories.size())) {
      fail(column, " has " + std::to_string(column.categories.size()) +
                       " categories, and model.vocabulary says otherwise: leave it empty");
    }
    if (!column.is_token && !column.categories.empty() && options.embedding > 0 && sizes.size() <= 1) {
      fail(column, " became ones and zeros, which are no tokens for model.embedding: set data.categories = embedded");
    }
    input += column.inputs();
  }
}

}  // namespace

void settle_categories(const communication::Communicator& ranks, Settings& settings, const data::Reader& train) {
  const std::vector<data::EncodedColumn>& columns = train.encoding().features;
  if (std::ranges::none_of(columns, &data::EncodedColumn::is_token)) {
    if (settings.reading.categories == "embedded") {
      throw core::UserError(data::at(train.source()) +
                            "has no columns of categories for data.categories = embedded; data.categorical names "
                            "numbers that are some")
          .as_agreed();
    }
    return;
  }
  if (settings.model.embedding == 0 || !settings.model.vocabulary.empty()) {
    return;
  }
  std::string sizes;
  for (const data::EncodedColumn& column : columns) {
    for (std::size_t i = 0; i < column.inputs(); ++i) {
      sizes += (sizes.empty() ? "" : ",") + std::to_string(column.is_token ? column.categories.size() : 0);
    }
  }
  settle(ranks, settings, "model.vocabulary", sizes, "the categories of data.train");
}

void check_tokens(const data::Reader& reader, const Settings& settings) {
  const model::ModelOptions& options = settings.model;
  const std::uint64_t inputs = reader.shape().inputs;
  const std::size_t sizes = options.vocabulary.size();
  if (reader.shape().bytes) {
    check_bytes(reader, options);
  }
  check_categories(reader, options);
  if (options.embedding == 0) {
    return;
  }
  if (reader.shape().sparse) {
    throw core::UserError(data::at(reader.source()) + "has sparse features, which are no tokens for model.embedding")
        .as_agreed();
  }
  if (sizes > 1 && sizes != inputs) {
    throw core::UserError("model.vocabulary has " + std::to_string(sizes) + " sizes, " + reader.source().key + " = " +
                          reader.source().path + " " + std::to_string(inputs) +
                          " features; give one size for all, or one for each")
        .as_agreed();
  }
  if (settings.data.standardize &&
      (sizes <= 1 || std::ranges::all_of(options.vocabulary, [](std::uint64_t size) { return size > 0; }))) {
    throw core::UserError("data.standardize = true has nothing to do: all features are tokens (model.embedding)")
        .as_agreed();
  }
}

void spare_tokens(const model::ModelOptions& options, data::Standardization& standardization) {
  for (std::size_t column = 0; column < standardization.mean.size(); ++column) {
    if (is_token(options, column)) {
      standardization.mean[column] = 0;
      standardization.scale[column] = 1;
    }
  }
}

template <typename Real>
void settle_vocabulary(const communication::Communicator& ranks, Settings& settings, const data::Dataset<Real>& train) {
  if (settings.model.embedding == 0 || !settings.model.vocabulary.empty()) {
    return;
  }
  if (train.shape().bytes) {
    return settle(ranks, settings, "model.vocabulary", std::to_string(byte_values), "data.format = bytes");
  }
  std::optional<Real> local_largest;
  communication::agree(ranks, [&] {
    train.for_each_part([&](const data::Samples<Real>& samples) {
      const auto features = samples.feature_matrix().elements();
      if (!features.empty()) {
        local_largest = std::max(local_largest.value_or(features.front()), std::ranges::max(features));
      }
    });
  });
  double largest = static_cast<double>(local_largest.value_or(0));
  ranks.maximum<double>({&largest, 1});
  if (largest >= most_tokens) {
    throw core::UserError(data::at(train.source()) + train.reader().name(data::Part::features) + " holds " +
                          std::to_string(largest) +
                          ", which is no token 0, 1, 2, ... below 2^24; are numbers meant (model.embedding = none)?")
        .as_agreed();
  }
  // What is no token is told with its row later.
  settle(ranks, settings, "model.vocabulary", std::to_string(static_cast<std::uint64_t>(std::max(largest, 0.0)) + 1),
         "the largest token of data.train, plus one");
}

std::string tokens_text(const model::ModelOptions& options) {
  if (options.embedding == 0) {
    return "";
  }
  const std::string width = std::to_string(options.embedding);
  return options.vocabulary.size() == 1
             ? ", tokens 0 to " + std::to_string(options.vocabulary.front() - 1) + " in vectors of " + width
             : ", tokens in vectors of " + width;
}

template void settle_vocabulary(const communication::Communicator&, Settings&, const data::Dataset<float>&);
template void settle_vocabulary(const communication::Communicator&, Settings&, const data::Dataset<double>&);

}  // namespace cauchy::cli

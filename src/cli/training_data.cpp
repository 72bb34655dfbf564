// The rows that train, and those that validate.

#include "cauchy/cli/training_data.hpp"

#include <string>
#include <utility>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/data/split_reader.hpp"

namespace cauchy::cli {
namespace {

// Agreed, as the next: every rank has the same numbers.
void require_rows(const data::Source& source, const data::Split& split, double fraction, std::uint64_t rows) {
  for (const auto& [half, name] :
       {std::pair{data::Half::training, "training"}, std::pair{data::Half::validation, "validation"}}) {
    if (split.size(half) == 0) {
      throw core::UserError(data::at(source) + "data.validation_fraction = " + std::to_string(fraction) + " of " +
                            std::to_string(rows) + " rows leaves none for " + name)
          .as_agreed();
    }
  }
}

}  // namespace

TrainingReaders open_training_data(const communication::Communicator& ranks, const Settings& settings,
                                   const data::Encoding& encoding) {
  const data::Source source = settings.source("data.train", settings.data.train);
  if (source.path.empty()) {
    throw core::UserError("data.train is not set: the file of the training data").as_agreed();
  }
  const double fraction = settings.data.validation_fraction;
  if (fraction > 0 && !settings.data.validation.empty()) {
    throw core::UserError(
        "data.validation names a file, and data.validation_fraction takes rows of data.train: set one of them")
        .as_agreed();
  }
  std::unique_ptr<const data::Reader> reader = data::open_reader(ranks, source, encoding);
  if (fraction == 0) {
    return {std::move(reader), nullptr};
  }
  if (reader->shape().bytes && settings.data.split != "position") {
    throw core::UserError(data::at(source) +
                          "data.split = random would validate with bytes that also train, since "
                          "samples overlap; set data.split = position")
        .as_agreed();
  }
  const std::uint64_t rows = reader->shape().rows;
  std::shared_ptr<const data::Split> split;
  communication::agree(ranks, [&] {
    split = std::make_shared<data::Split>(data::SplitOptions{
        rows, fraction, settings.data.split == "position" ? data::SplitRule::position : data::SplitRule::random,
        settings.run.seed});
  });
  require_rows(source, *split, fraction, rows);
  const std::shared_ptr<const data::Reader> whole = std::move(reader);
  return {data::make_split_reader(whole, split, data::Half::training),
          data::make_split_reader(whole, split, data::Half::validation)};
}

}  // namespace cauchy::cli

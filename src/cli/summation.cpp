// How gradients are summed.

#include "cauchy/cli/summation.hpp"

namespace cauchy::cli {

Summation choose_summation(const Settings& settings, std::uint64_t parameters, std::uint64_t rows) {
  const std::string& reduction = settings.run.reduction;
  if (reduction == "float") {
    return {.exact = false};
  }
  if (reduction == "exact32") {
    return {.width = reduction::Width::int32};
  }
  if (reduction == "exact64") {
    return {.width = reduction::Width::int64};
  }
  const std::uint64_t batch = settings.batch.batch_size;
  return {.width = reduction::natural_width({.double_precision = settings.run.precision == "double",
                                             .full_batch = batch == 0 || batch >= rows,
                                             .parameters = parameters,
                                             .summands = settings.data.shards})};
}

std::uint64_t summation_bytes(const Summation& summation, const Settings& settings) {
  if (!summation.exact) {
    return settings.run.threads * (settings.run.precision == "double" ? sizeof(double) : sizeof(float));
  }
  return summation.width == reduction::Width::int32 ? sizeof(std::int32_t) : sizeof(std::int64_t);
}

std::string summation_text(const Summation& summation) {
  if (!summation.exact) {
    return "float: the last bits of the result depend on ranks and threads";
  }
  return std::string("exact, in integers of ") + (summation.width == reduction::Width::int32 ? "32" : "64") + " bits";
}

}  // namespace cauchy::cli

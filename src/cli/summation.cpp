// How gradients are summed.

#include "cauchy/cli/summation.hpp"

#include <stdexcept>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/reduction/grid.hpp"
#include "cauchy/training/reducer.hpp"

namespace cauchy::cli {
namespace {

std::uint64_t bits(reduction::Width width) {
  switch (width) {
    case reduction::Width::int16:
      return 16;
    case reduction::Width::int32:
      return 32;
    case reduction::Width::int64:
      return 64;
  }
  throw std::logic_error("a width without a number of bits");
}

}  // namespace

void check_summation(const Settings& settings) {
  if (settings.run.overlap == "true" && settings.run.reduction == "float") {
    throw core::UserError(
        "run.overlap = true, but with run.reduction = float nothing is summed beside computing; take run.overlap = "
        "auto, or run.reduction = exact")
        .as_agreed();
  }
  if (settings.run.reduction != "exact16") {
    return;
  }
  if (settings.run.precision == "double") {
    throw core::UserError(
        "run.reduction = exact16, but in run.precision = double sums are not rounded to 16 bits; take exact64, or "
        "run.precision = float")
        .as_agreed();
  }
  constexpr std::uint64_t most_shards = reduction::Grid<float, std::int16_t>::most_summands;
  if (settings.data.shards > most_shards) {
    throw core::UserError("data.shards = " + std::to_string(settings.data.shards) +
                          ": run.reduction = exact16 sums at most " + std::to_string(most_shards) +
                          " shards, which share its 16 bits; take exact32, or fewer shards")
        .as_agreed();
  }
}

bool has_feedback(const Summation& summation) {
  return summation.exact && summation.width == reduction::Width::int16;
}

Summation choose_summation(const Settings& settings, std::uint64_t parameters, std::uint64_t rows) {
  const std::string& reduction = settings.run.reduction;
  if (reduction == "float") {
    return {.exact = false};
  }
  if (reduction == "exact16") {
    return {.width = reduction::Width::int16};
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

void choose_exchange(const communication::Communicator& ranks, const Settings& settings, std::uint64_t elements,
                     Summation& summation) {
  const std::string& wish = settings.run.overlap;
  communication::agree(ranks, [&] {
    if (wish == "true" && !communication::allows_communication_thread()) {
      throw core::UserError(
          "run.overlap = true, but this MPI library may be called by one thread only; take run.overlap = auto");
    }
  });
  const bool one_host = !communication::spans_hosts(ranks);
  const std::uint64_t bytes = elements * summation_bytes(summation, settings);
  const bool pays =
      !one_host && summation.exact && bytes > training::bucket_bytes && communication::allows_communication_thread();
  if (wish == "true" || (wish == "auto" && pays)) {
    summation.overlap = communication::Channel::Overlap::on;
    return;
  }
  constexpr std::uint64_t worth_sharing = std::uint64_t{1} << 20;  // below, a message is as fast
  summation.shares_memory = one_host && ranks.size() > 1 && summation.exact && bytes >= worth_sharing;
}

std::uint64_t summation_bytes(const Summation& summation, const Settings& settings) {
  if (!summation.exact) {
    return settings.run.threads * (settings.run.precision == "double" ? sizeof(double) : sizeof(float));
  }
  return bits(summation.width) / 8;
}

std::string summation_text(const Summation& summation) {
  if (!summation.exact) {
    return "float: the last bits of the result depend on ranks and threads";
  }
  return "exact, in integers of " + std::to_string(bits(summation.width)) + " bits" +
         (has_feedback(summation) ? ", with error feedback" : "") +
         (summation.overlap == communication::Channel::Overlap::on ? ", beside computing" : "") +
         (summation.shares_memory ? ", in memory that ranks share" : "");
}

}  // namespace cauchy::cli

// How gradients are summed.

#include "cauchy/cli/summation.hpp"

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/training/reducer.hpp"

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

void choose_exchange(const communication::Communicator& ranks, const Settings& settings, std::uint64_t elements,
                     Summation& summation) {
  const std::string& wish = settings.run.overlap;
  if (wish == "true" && !summation.exact) {
    throw core::UserError(
        "run.overlap = true, but only exact sums are done beside computing, not run.reduction = float")
        .as_agreed();
  }
  communication::agree(ranks, [&] {
    if (wish == "true" && !communication::allows_communication_thread()) {
      throw core::UserError("run.overlap = true, but this MPI library may be called by one thread only");
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
  return summation.width == reduction::Width::int32 ? sizeof(std::int32_t) : sizeof(std::int64_t);
}

std::string summation_text(const Summation& summation) {
  if (!summation.exact) {
    return "float: the last bits of the result depend on ranks and threads";
  }
  return std::string("exact, in integers of ") + (summation.width == reduction::Width::int32 ? "32" : "64") + " bits" +
         (summation.overlap == communication::Channel::Overlap::on ? ", beside computing" : "");
}

}  // namespace cauchy::cli

// What a run will need, before it starts.

#include "cauchy/cli/memory_estimate.hpp"

#include "cauchy/reporting/number.hpp"

namespace cauchy::cli {
namespace {

// Resident in a rank of a tiny model, with Open MPI 4.1, HDF5 1.10 and oneDNN 2.6.
constexpr std::uint64_t library_bytes = 34'000'000;

std::uint64_t rounded_up(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

std::string bytes_text(std::uint64_t bytes) {
  return reporting::bytes_text(static_cast<double>(bytes));
}

}  // namespace

MemoryEstimate memory_estimate(const MemoryFactors& factors) {
  const std::uint64_t theta = factors.parameters * factors.real_bytes;
  const std::uint64_t slots = factors.slots * theta;
  const std::uint64_t own_state = theta + (factors.in_shares ? rounded_up(slots, factors.ranks) : slots);
  const std::uint64_t beside =
      factors.in_shares ? theta + rounded_up((factors.beside - 1) * theta, factors.ranks) : factors.beside * theta;
  const std::uint64_t gradients = factors.parameters * factors.real_bytes * factors.threads;
  const std::uint64_t own_sum = factors.parameters * factors.sum_bytes;
  const std::uint64_t sum = own_sum + (factors.shares_sum ? own_sum / factors.ranks * (factors.ranks - 1) : 0);
  const std::uint64_t of_threads = factors.threads * (factors.samples * factors.sample_bytes + factors.workspace_bytes);
  const std::uint64_t local_shards = rounded_up(factors.shards, factors.ranks);
  const std::uint64_t residual = factors.feedback ? factors.parameters * factors.real_bytes : 0;
  const std::uint64_t of_each_rank = own_state + beside + gradients + sum + factors.rounded_bytes +
                                     (2 * local_shards + 1) * residual + factors.data_bytes + of_threads +
                                     factors.product_bytes + library_bytes;
  return {of_each_rank + factors.copies * (own_state + (factors.in_shares ? slots : 0)) +
              (1 + factors.copies) * factors.shards * residual,
          of_each_rank};
}

std::uint64_t data_bytes(const data::SourceShape& shape, std::uint64_t real_bytes) {
  const std::uint64_t features =
      shape.sparse ? shape.elements * (real_bytes + sizeof(std::uint32_t)) + shape.rows * sizeof(std::uint64_t)
                   : shape.rows * (shape.bytes ? 1 : shape.inputs * real_bytes);
  return features + shape.rows * shape.target_columns * real_bytes;
}

std::uint64_t sample_bytes(const data::SourceShape& shape, std::uint64_t real_bytes) {
  return (shape.sparse ? 2 * sizeof(std::uint64_t) : shape.inputs * real_bytes) + shape.target_columns * real_bytes;
}

std::string memory_text(const MemoryFactors& factors) {
  const MemoryEstimate estimate = memory_estimate(factors);
  return bytes_text(estimate.root) + " on the root, " +
         (factors.ranks > 1 ? bytes_text(estimate.other) + " on each other rank, " : "") + "libraries included";
}

}  // namespace cauchy::cli

// What decides the last bits of every number.

#include "cauchy/cli/arithmetic.hpp"

#include <algorithm>
#include <iostream>
#include <string>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/communication/session.hpp"
#include "cauchy/core/affinity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/core/version.hpp"
#include "cauchy/linear_algebra/product.hpp"

namespace cauchy::cli {
namespace {

std::string arithmetic() {
  return "cauchy " + std::string(core::version()) + " (" + std::string(core::revision()) + ") with " +
         std::string(linear_algebra::product_backend<float>()) + ", " + std::string(linear_algebra::instruction_set());
}

}  // namespace

void agree_on_arithmetic(const communication::Communicator& ranks) {
  std::int64_t lacking = -linear_algebra::offered_instructions();
  ranks.maximum<std::int64_t>({&lacking, 1});
  communication::agree(ranks, [&] { linear_algebra::prepare_products(-lacking); });

  std::string of_root = arithmetic();
  ranks.broadcast(of_root);
  communication::agree(ranks, [&] {
    if (arithmetic() != of_root) {
      throw core::UserError("ranks compute in different ways: the root runs " + of_root + ", this one " + arithmetic() +
                            "; start one build of the program everywhere, and where processors differ, with the "
                            "environment variable DNNL_MAX_CPU_ISA=AVX2 on all ranks");
    }
  });
}

void check_threads(const communication::Communicator& ranks, std::uint64_t threads) {
  const std::string count = std::to_string(threads);
  communication::agree(ranks, [&] {
    if (threads > 1 && !communication::allows_threads()) {
      throw core::UserError("run.threads = " + count +
                            ", but this MPI library allows no threads beside its own call; " +
                            "start more ranks instead");
    }
  });
  const std::size_t allowed = core::allowed_cores();
  const auto own = static_cast<std::int64_t>(allowed == 0 ? threads : std::min<std::uint64_t>(allowed, threads));
  std::int64_t fewest = -own;
  ranks.maximum<std::int64_t>({&fewest, 1});
  fewest = -fewest;
  if (static_cast<std::uint64_t>(fewest) < threads && ranks.is_root()) {
    std::cerr << "cauchy: warning: run.threads = " << count << ", but a rank is bound to " << fewest
              << (fewest == 1 ? " core" : " cores")
              << ", on which its threads take turns; start with mpirun --map-by slot:PE=" << count
              << " --bind-to core, with srun --cpus-per-task=" << count
              << ", or on one's own machine with --bind-to none\n";
  }
}

}  // namespace cauchy::cli

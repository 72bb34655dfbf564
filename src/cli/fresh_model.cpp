// What a run that starts at the beginning starts with.

#include "cauchy/cli/fresh_model.hpp"

#include <string>
#include <utility>
#include <vector>

#include "cauchy/cli/problem.hpp"
#include "cauchy/cli/tokens.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::cli {

template <typename Real>
FreshModel<Real> make_fresh_model(const communication::Communicator& ranks, Settings& settings,
                                  std::unique_ptr<const data::Reader> reader, std::uint64_t streamed_block_rows) {
  FreshModel<Real> fresh;
  settle_categories(ranks, settings, *reader);
  check_tokens(*reader, settings);
  if (settings.data.standardize) {
    fresh.standardization = data::measure_standardization(ranks, *reader, settings.data.shards);
    spare_tokens(settings.model, fresh.standardization);
  }
  fresh.train = std::make_unique<data::Dataset<Real>>(ranks, std::move(reader), settings.data.shards,
                                                      fresh.standardization, streamed_block_rows);
  settle_vocabulary(ranks, settings, *fresh.train);
  fresh.problem = problem_shape(settings, *fresh.train);
  fresh.network = make_network<Real>(ranks, settings, fresh.problem, 2);
  const model::Network<Real>& network = *fresh.network;
  if (!settings.model.initial.empty()) {
    fresh.theta = initial_parameters<Real>(ranks, settings.model.initial, network.layout());
    return fresh;
  }
  communication::agree(ranks, [&] {
    fresh.theta.resize(network.layout().padded_size());
    network.initialize(fresh.theta, settings.run.seed);
    const std::vector<double> outputs = network.likelihood().initial_outputs(fresh.train->summary());
    if (!outputs.empty()) {
      network.start_from_outputs(outputs, fresh.theta);
    }
  });
  return fresh;
}

void check_shards(const data::Reader& train, const Settings& settings) {
  const data::Source& source = train.source();
  const std::uint64_t rows = train.shape().rows;
  const std::uint64_t shards = settings.data.shards;
  if (rows < shards) {
    throw core::UserError(source.key + " = " + source.path + ": has " + std::to_string(rows) +
                          " rows, fewer than data.shards = " + std::to_string(shards) +
                          "; set data.shards to at most " + std::to_string(rows))
        .as_agreed();
  }
}

template FreshModel<float> make_fresh_model(const communication::Communicator&, Settings&,
                                            std::unique_ptr<const data::Reader>, std::uint64_t);
template FreshModel<double> make_fresh_model(const communication::Communicator&, Settings&,
                                             std::unique_ptr<const data::Reader>, std::uint64_t);

}  // namespace cauchy::cli

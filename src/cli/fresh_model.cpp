// What a run that starts at the beginning starts with.

#include "cauchy/cli/fresh_model.hpp"

#include <string>
#include <utility>
#include <vector>

#include "cauchy/cli/own_problem.hpp"
#include "cauchy/cli/problem.hpp"
#include "cauchy/cli/tokens.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::cli {
namespace {

/// Collective. The shape of the problem, and a network for it.
template <typename Real>
void make_model(const communication::Communicator& ranks, Settings& settings, FreshModel<Real>& fresh) {
  if (const model::Model<Real>* own = own_model<Real>(settings)) {
    const data::SourceShape& shape = fresh.train->shape();
    fresh.problem = {shape.rows, shape.inputs, shape.target_columns, 0, {}, fresh.train->reader().encoding()};
    fresh.model = own;
    if (fresh.train->summary().weight == 0) {
      throw core::UserError(data::at(fresh.train->source()) + "no sample counts: all weights are zero").as_agreed();
    }
    return;
  }
  settle_vocabulary(ranks, settings, *fresh.train);
  fresh.problem = problem_shape(settings, *fresh.train);
  fresh.network = make_network<Real>(ranks, settings, fresh.problem, 2);
  fresh.model = fresh.network.get();
}

}  // namespace

template <typename Real>
FreshModel<Real> make_fresh_model(const communication::Communicator& ranks, Settings& settings,
                                  std::unique_ptr<const data::Reader> reader, std::uint64_t streamed_block_rows) {
  FreshModel<Real> fresh;
  if (settings.own.model != nullptr) {
    check_own_problem(*reader, settings);
  } else {
    settle_categories(ranks, settings, *reader);
    check_tokens(*reader, settings);
  }
  if (settings.data.standardize) {
    fresh.standardization = data::measure_standardization(ranks, *reader, settings.data.shards);
    spare_tokens(settings.model, fresh.standardization);
  }
  fresh.train = std::make_unique<data::Dataset<Real>>(ranks, std::move(reader), settings.data.shards,
                                                      fresh.standardization, streamed_block_rows);
  make_model(ranks, settings, fresh);
  fresh.theta = settings.model.initial.empty()
                    ? seeded_parameters<Real>(ranks, settings, *fresh.model, fresh.network.get(), *fresh.train)
                    : initial_parameters<Real>(ranks, settings.model.initial, fresh.model->layout());
  return fresh;
}

template <typename Real>
linear_algebra::AlignedVector<Real> seeded_parameters(const communication::Communicator& ranks,
                                                      const Settings& settings, const model::Model<Real>& model,
                                                      const model::Network<Real>* network,
                                                      const data::Dataset<Real>& train) {
  linear_algebra::AlignedVector<Real> theta;
  communication::agree(ranks, [&] {
    theta.resize(model.layout().padded_size());
    model.initialize(theta, settings.run.seed);
    if (network != nullptr) {
      const std::vector<double> outputs = network->likelihood().initial_outputs(train.summary());
      if (!outputs.empty()) {
        network->start_from_outputs(outputs, theta);
      }
    }
  });
  if (network == nullptr) {
    ranks.broadcast<Real>(theta);
  }
  return theta;
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

template linear_algebra::AlignedVector<float> seeded_parameters(const communication::Communicator&, const Settings&,
                                                                const model::Model<float>&,
                                                                const model::Network<float>*,
                                                                const data::Dataset<float>&);
template linear_algebra::AlignedVector<double> seeded_parameters(const communication::Communicator&, const Settings&,
                                                                 const model::Model<double>&,
                                                                 const model::Network<double>*,
                                                                 const data::Dataset<double>&);
template FreshModel<float> make_fresh_model(const communication::Communicator&, Settings&,
                                            std::unique_ptr<const data::Reader>, std::uint64_t);
template FreshModel<double> make_fresh_model(const communication::Communicator&, Settings&,
                                             std::unique_ptr<const data::Reader>, std::uint64_t);

}  // namespace cauchy::cli

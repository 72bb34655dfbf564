#pragma once
/// What the data tell about the parameters of a generalized linear model.

#include <cstdint>
#include <span>
#include <vector>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/reader.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/model/network.hpp"

namespace cauchy::training {

/// Sums over all samples, in double. Parameters are numbered as in model::LinearFit; where outputs are determined up to
/// a common number only (Likelihood::relative_outputs()), output 0 is left out: the others are told relative to it.
struct Information {
  double weight = 0;            ///< Σ w, the number of samples where they have none
  double nll = 0;               ///< Σ NLL
  std::vector<double> squares;  ///< by output, Σ of squared derivatives of the NLL by it, over w: of residuals
  std::vector<double> gradient;
  std::vector<double> matrix;  ///< the lower triangle, row-major; zeros above
};

/// Collective. Of a network without hidden layers at `theta`. The rows are cut in `shards`, and their sums added in the
/// order of shards by the root, so that the bits do not depend on the number of ranks; on the other ranks the result is
/// empty. Throws an agreed core::UserError for rows that cannot be read, or targets that are none of the likelihood's.
Information measure_information(const communication::Communicator& ranks, const data::Reader& reader,
                                const data::Standardization& standardization, const model::Network<double>& network,
                                std::span<const double> theta, std::uint64_t shards);

}  // namespace cauchy::training

#pragma once
/// Random directions among parameters.

#include <cstdint>
#include <span>

#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/model/layout.hpp"

namespace cauchy::model {

/// A filter-normalised direction: normal numbers, of which those of each unit are scaled to the length of the unit's
/// weights in Θ, so that pictures of models with other scales compare. Intercepts and gains do not move. A unit is a
/// column of weights, or a token's vector. H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the loss
/// landscape of neural nets", NeurIPS 2018, arXiv:1712.09913, section 4. A function of Θ, the seed and the number; zero
/// where all weights are.
linear_algebra::AlignedVector<double> random_direction(const ParameterLayout& layout, std::span<const double> theta,
                                                       std::uint64_t seed, std::uint32_t number);

}  // namespace cauchy::model

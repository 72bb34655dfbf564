// Random directions among parameters.

#include "cauchy/model/random_direction.hpp"

#include <cmath>
#include <cstddef>
#include <numbers>

#include "cauchy/core/random.hpp"

namespace cauchy::model {
namespace {

/// By the method of G. E. P. Box, M. E. Muller, Ann. Math. Stat. 29 (1958).
double normal(core::RandomStream& stream) {
  const double radius = std::sqrt(-2 * std::log(1 - stream.uniform()));
  return radius * std::cos(2 * std::numbers::pi * stream.uniform());
}

/// `count` elements with this distance between them, scaled to the length that the same elements have in Θ.
void normalize(double* direction, const double* theta, std::size_t count, std::size_t distance) {
  double drawn = 0;
  double wanted = 0;
  for (std::size_t i = 0; i < count; ++i) {
    drawn += direction[i * distance] * direction[i * distance];
    wanted += theta[i * distance] * theta[i * distance];
  }
  const double factor = drawn > 0 ? std::sqrt(wanted / drawn) : 0;
  for (std::size_t i = 0; i < count; ++i) {
    direction[i * distance] *= factor;
  }
}

}  // namespace

linear_algebra::AlignedVector<double> random_direction(const ParameterLayout& layout, std::span<const double> theta,
                                                       std::uint64_t seed, std::uint32_t number) {
  linear_algebra::AlignedVector<double> direction(layout.padded_size(), 0.0);
  for (const Tensor& tensor : layout.tensors()) {
    if (tensor.kind != TensorKind::weights) {
      continue;
    }
    core::RandomStream stream(seed, core::Purpose::landscape, static_cast<std::uint32_t>(tensor.index), number);
    for (std::size_t i = 0; i < tensor.size; ++i) {
      direction[tensor.offset + i] = normal(stream);
    }
    const std::size_t rows = tensor.shape[0];
    const std::size_t columns = tensor.shape[1];
    const bool by_row = tensor.layer == "embedding";
    for (std::size_t unit = 0; unit < (by_row ? rows : columns); ++unit) {
      const std::size_t first = tensor.offset + (by_row ? unit * columns : unit);
      normalize(direction.data() + first, theta.data() + first, by_row ? columns : rows, by_row ? 1 : columns);
    }
  }
  return direction;
}

}  // namespace cauchy::model

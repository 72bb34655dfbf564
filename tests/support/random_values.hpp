#pragma once
/// Numbers for tests and benchmarks.

#include <cstddef>
#include <cstdint>

#include "cauchy/core/random.hpp"
#include "cauchy/linear_algebra/aligned.hpp"

namespace cauchy::test {

/// Uniform in [-1, 1), the same in every run; others for another stream.
template <typename Real>
linear_algebra::AlignedVector<Real> random_values(std::size_t count, std::uint32_t stream = 0) {
  core::RandomStream random(1, core::Purpose::initialization, stream, 0);
  linear_algebra::AlignedVector<Real> values(count);
  for (Real& value : values) {
    value = static_cast<Real>(2 * random.uniform() - 1);
  }
  return values;
}

}  // namespace cauchy::test

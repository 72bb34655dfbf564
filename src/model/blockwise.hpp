#pragma once
/// Vectorised functions of any number of values, in blocks on the stack.

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "cauchy/linear_algebra/aligned.hpp"

namespace cauchy::model {

inline constexpr std::size_t block_elements = 1024;

/// output[i] = combine(output[i], f(input)[i]), where f changes a span in place. f sees copies of the input on a
/// 64-byte border, filled up with zeros to whole vectors: every value runs in the vector loop, so that the bits of f
/// depend on the value alone and not on its place. Input and output have one length and may be one.
template <typename Real, typename Function, typename Combine>
void blockwise(std::span<const Real> input, std::span<Real> output, Function f, Combine combine) {
  alignas(linear_algebra::alignment_bytes) std::array<Real, block_elements> block;
  for (std::size_t first = 0; first < input.size(); first += block_elements) {
    const std::size_t count = std::min(block_elements, input.size() - first);
    const std::size_t filled = linear_algebra::padded(count);
    std::copy_n(input.data() + first, count, block.data());
    std::fill(block.data() + count, block.data() + filled, Real{0});
    f(std::span<Real>(block.data(), filled));
    Real* const result = output.data() + first;
    for (std::size_t i = 0; i < count; ++i) {
      result[i] = combine(result[i], block[i]);
    }
  }
}

/// output = f(input), as above.
template <typename Real, typename Function>
void blockwise(std::span<const Real> input, std::span<Real> output, Function f) {
  blockwise(input, output, f, [](Real /*old*/, Real value) { return value; });
}

}  // namespace cauchy::model

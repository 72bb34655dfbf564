#pragma once
/// What a check of gradients found, as text.

#include <cstddef>
#include <string>
#include <vector>

#include "cauchy/optimize/gradient_check.hpp"

namespace cauchy::cli {

/// The probes of a tensor, or of all tensors together.
struct CheckedPart {
  std::string name;
  std::vector<std::size_t> shape;  ///< empty: of all tensors
  std::size_t offset = 0;          ///< of its first element
  std::vector<optimize::Probe> probes;
};

/// A row for each part: how many probes found what, and how many digits those have that agree.
///
///                         shape  probes  agree      digits  unresolved  flat  kinks  differ
///     output/weights   64 x 10       11     11  8.1 - 10.2           0     0      0       0
std::string gradient_table(const std::vector<CheckedPart>& parts);

/// A line for each probe that differs, and for each coordinate at a kink.
std::string probe_lines(const std::vector<CheckedPart>& parts);

/// "44 of 58 derivatives agree, 14 lie at kinks".
std::string tally_text(const std::vector<CheckedPart>& parts);

/// "output/weights (11 of 11 derivatives)" of those where a probe differs; that of all together is named only if no
/// other is.
std::string parts_that_differ(const std::vector<CheckedPart>& parts);

/// "dense_1/weights, output/weights": tensors no derivative of which agrees or differs; empty if there are none.
std::string parts_without_comparison(const std::vector<CheckedPart>& parts);

}  // namespace cauchy::cli

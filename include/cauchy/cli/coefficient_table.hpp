#pragma once
/// Coefficients of a generalized linear model, as a table and as CSV.

#include <string>
#include <vector>

#include "cauchy/model/coefficients.hpp"

namespace cauchy::cli {

/// What rows are called.
struct CoefficientNames {
  std::vector<std::string> outputs;
  std::vector<std::string> inputs;
};

/// For people: a block for each output, columns aligned.
std::string coefficient_table(const model::Coefficients& coefficients, const CoefficientNames& names, double level);

/// output,feature,estimate,standard_error,statistic,p_value,lower,upper: numbers as the shortest text that reads back
/// as the same number; all but the names empty where the data do not determine the coefficient.
std::string coefficient_csv(const model::Coefficients& coefficients, const CoefficientNames& names);

}  // namespace cauchy::cli

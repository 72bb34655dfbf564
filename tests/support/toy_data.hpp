#pragma once
/// Small data sets whose every number is known.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "cauchy/core/random.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::test {

/// Features uniform in (-1, 1) plus the column number, and as targets either classes or `targets` real columns.
struct ToyData {
  std::uint64_t rows;
  std::uint64_t inputs;
  std::uint64_t classes;         ///< 0: real targets
  std::uint64_t target_columns;  ///< 1 with classes
  std::vector<double> features;
  std::vector<double> target_values;

  ToyData(std::uint64_t n, std::uint64_t d, std::uint64_t class_count, std::uint64_t columns = 1)
      : rows(n), inputs(d), classes(class_count), target_columns(columns) {
    core::RandomStream random(99, core::Purpose::initialization, static_cast<std::uint32_t>(n), 0);
    for (std::uint64_t i = 0; i < n * d; ++i) {
      features.push_back(std::round(1024 * (2 * random.uniform() - 1)) / 1024 + static_cast<double>(i % d));
    }
    for (std::uint64_t i = 0; i < n * columns; ++i) {
      target_values.push_back(class_count > 0 ? static_cast<double>(i < class_count ? i : random.below(class_count))
                                              : std::round(1024 * random.uniform()) / 1024);
    }
  }

  void write(const std::string& path) const {
    storage::File file = storage::File::create(path);
    file.write<double>("/features", {rows, inputs}, features);
    if (target_columns == 1) {
      file.write<double>("/targets", {rows}, target_values);
    } else {
      file.write<double>("/targets", {rows, target_columns}, target_values);
    }
    file.close();
  }
};

}  // namespace cauchy::test

#pragma once
/// Where a data set comes from, and how many rows and columns it has.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cauchy/data/options.hpp"
#include "cauchy/data/rows.hpp"

namespace cauchy::data {

/// Samples of one file, or several, or of a program. `key` is the configuration key that named it, for messages.
struct Source {
  std::string key;
  std::string path;
  std::string features;  ///< names inside the file: of a dataset, or of columns
  std::string targets;
  std::string weights = {};                ///< empty: 1 each
  std::string exposure = {};               ///< empty: 1 each
  std::vector<double> class_weights = {};  ///< factors of the weights, by the class that is the target; empty: 1 each
  bool features_alone = false;             ///< targets are not read, and need not be there
  bool any_value = false;                  ///< NaN, infinite and missing values are no fault: what is missing is NaN
  std::string labels = {};                 ///< file of the targets of IDX; empty: beside the images
  ReadingOptions reading = {};
  std::function<void(const std::string&)> tell = {};  ///< notices, on the root alone; empty: nobody listens
  std::shared_ptr<const Rows> rows = {};              ///< in place of a file
};

struct SourceShape {
  std::uint64_t rows = 0;            ///< N
  std::uint64_t inputs = 0;          ///< features a sample; further dimensions are flattened
  std::uint64_t target_columns = 0;  ///< 1 for targets of shape (N), 0 where features alone are read
  bool sparse = false;               ///< whether features are stored, and stay, without their zeros
  std::uint64_t elements = 0;        ///< how many sparse features are stored; 0 of dense ones
  bool bytes = false;                ///< whether samples are windows over the bytes of a file

  bool operator==(const SourceShape&) const = default;
};

/// "data.train = mine.h5: ", with which messages begin.
inline std::string at(const Source& source) {
  return source.key + " = " + source.path + ": ";
}

}  // namespace cauchy::data

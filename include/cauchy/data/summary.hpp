#pragma once
/// What a data set looks like, before anything is trained on it.

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "cauchy/data/reader.hpp"

namespace cauchy::data {

/// The numbers of one column. NaN is a missing value; ranges and moments are of the finite ones.
class ColumnSummary {
 public:
  /// The next number, of this row.
  void add(double value, std::uint64_t row);
  /// So many zeros more, of sparse rows.
  void add_zeros(std::uint64_t count);

  std::uint64_t finite() const { return finite_; }
  std::uint64_t zeros() const { return zeros_; }
  std::uint64_t missing() const { return missing_; }
  std::uint64_t infinite() const { return infinite_; }
  std::uint64_t first_fault() const { return first_fault_; }  ///< row of the first that is not finite
  double minimum() const { return minimum_; }
  double maximum() const { return maximum_; }
  double mean() const { return mean_; }
  double deviation() const;                    ///< √ of the variance
  bool integers() const { return integers_; }  ///< whether all finite numbers are whole
  bool constant() const { return minimum_ == maximum_; }

 private:
  std::uint64_t finite_ = 0;
  std::uint64_t zeros_ = 0;
  std::uint64_t missing_ = 0;
  std::uint64_t infinite_ = 0;
  std::uint64_t first_fault_ = std::numeric_limits<std::uint64_t>::max();
  double minimum_ = std::numeric_limits<double>::infinity();
  double maximum_ = -std::numeric_limits<double>::infinity();
  double mean_ = 0;
  double squares_ = 0;  ///< Σ (value - mean)²
  bool integers_ = true;
};

/// What targets seem to be.
enum class TargetKind {
  none,     ///< nothing finite
  binary,   ///< 0 and 1, in every column
  signs,    ///< -1 and 1, in one column
  classes,  ///< 0, 1, ..., K - 1 in one column, K > 2, each of them at least a twentieth as often as on average
  counts,   ///< other whole numbers from 0 on, of a mean of at most 10^4
  real      ///< anything else
};

struct Summary {
  SourceShape shape;
  std::uint64_t elements = 0;  ///< features that are not 0, NaN included
  std::vector<ColumnSummary> features;
  std::vector<ColumnSummary> targets;
  std::map<double, std::uint64_t> values;  ///< of a single column of targets, and how often; empty if they are many
  TargetKind kind = TargetKind::none;
};

/// The most values of a target that are counted one by one.
inline constexpr std::size_t most_values = 1000;

/// Reads all rows once, piece by piece. The source of the reader should let NaN and infinite values pass. Memory: a
/// piece, and a hundred bytes a column. progress(rows done) is called after each piece.
Summary summarize(const Reader& reader, const std::function<void(std::uint64_t)>& progress);

/// The likelihood that suits such targets, and why.
struct Recommendation {
  std::string likelihood;
  std::string reason;
};
Recommendation recommend(const Summary& summary);

}  // namespace cauchy::data

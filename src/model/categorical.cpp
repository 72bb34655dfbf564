// The categorical likelihood: softmax and log-sum-exp, with the maximum subtracted.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "blockwise.hpp"
#include "cauchy/linear_algebra/elementwise.hpp"
#include "cauchy/model/likelihood.hpp"
#include "metrics.hpp"
#include "number_text.hpp"
#include "weighting.hpp"

namespace cauchy::model {
namespace {

using linear_algebra::MatrixView;

// Rows whose exponentials are taken together, so that narrow rows fill vectors.
constexpr std::size_t chunk_rows = 64;

/// log Σ_k exp(z_k) = maximum + log_sum. Kept apart: beside a large maximum the sum would lose its digits.
struct LogSumExp {
  double maximum = 0;
  double log_sum = 0;

  /// -log p of the class with output z. NaN if any output of the row is.
  double nll(double z) const { return log_sum + (maximum - z); }
};

// Unrolled, since in rows of a few classes the loops themselves cost as much as what they do.

/// The largest value. A NaN may be passed over: it shows in the sum of the exponentials.
template <typename Real>
Real maximum(std::span<const Real> values) {
  Real largest = values[0];
#pragma GCC unroll 5
  for (const Real value : values) {
    largest = value > largest ? value : largest;
  }
  return largest;
}

template <typename Real>
double sum_in_order(double sum, std::span<const Real> values) {
#pragma GCC unroll 5
  for (const Real value : values) {
    sum += static_cast<double>(value);
  }
  return sum;
}

template <typename Real>
void exp_block(std::span<Real> block) {
  linear_algebra::exp(std::span<const Real>(block), block);
}

void log_block(std::span<double> block) {
  linear_algebra::log(std::span<const double>(block), block);
}

/// Of sums from 1 on, in place.
void take_logarithms(std::span<double> sums) {
  blockwise(std::span<const double>(sums), sums, log_block);
}

template <typename Real>
std::span<const Real> row_of(MatrixView<const Real> matrix, std::size_t row) {
  return {matrix.row(row), matrix.columns};
}

template <typename Real>
LogSumExp log_sum_exp(std::span<const Real> row) {
  const Real largest = maximum(row);
  std::array<Real, block_elements> terms;
  double sum = 0;
  for (std::size_t first = 0; first < row.size(); first += block_elements) {
    const std::span<const Real> part = row.subspan(first, std::min(block_elements, row.size() - first));
    const std::span<Real> exponentials = std::span<Real>(terms).first(part.size());
    for (std::size_t k = 0; k < part.size(); ++k) {
      exponentials[k] = part[k] - largest;
    }
    blockwise(std::span<const Real>(exponentials), exponentials, exp_block<Real>);
    sum = sum_in_order(sum, std::span<const Real>(exponentials));
  }
  take_logarithms({&sum, 1});
  return {static_cast<double>(largest), sum};
}

/// By row of a chunk, as in LogSumExp.
struct LogSumExps {
  std::array<double, chunk_rows> maxima;
  std::array<double, chunk_rows> log_sums;

  LogSumExp operator[](std::size_t row) const { return {maxima[row], log_sums[row]}; }
};

/// Class probabilities of at most chunk_rows rows, perhaps in place, and the logarithms of what divides them.
template <typename Real>
void softmax(MatrixView<const Real> outputs, MatrixView<Real> probabilities, LogSumExps& rows) {
  for (std::size_t i = 0; i < outputs.rows; ++i) {
    const Real largest = maximum(row_of(outputs, i));
    rows.maxima[i] = static_cast<double>(largest);
    for (std::size_t k = 0; k < outputs.columns; ++k) {
      probabilities(i, k) = outputs(i, k) - largest;
    }
  }
  blockwise(std::span<const Real>(probabilities.elements()), probabilities.elements(), exp_block<Real>);
  for (std::size_t i = 0; i < outputs.rows; ++i) {
    rows.log_sums[i] = sum_in_order(0, row_of<Real>(probabilities, i));
  }
  std::array<Real, chunk_rows> factors;
  for (std::size_t i = 0; i < outputs.rows; ++i) {
    factors[i] = static_cast<Real>(1 / rows.log_sums[i]);
  }
  for (std::size_t i = 0; i < outputs.rows; ++i) {
    for (std::size_t k = 0; k < outputs.columns; ++k) {
      const Real probability = probabilities(i, k) * factors[i];
      // Numbers below the normal range slow products down; in this form NaN passes.
      probabilities(i, k) = probability < std::numeric_limits<Real>::min() ? Real{0} : probability;
    }
  }
  take_logarithms(std::span(rows.log_sums).first(outputs.rows));
}

template <typename Real>
class Categorical final : public Likelihood<Real> {
 public:
  explicit Categorical(std::size_t classes) : classes_(classes) {}

  std::size_t outputs() const override { return classes_; }
  std::size_t target_columns() const override { return 1; }

  double nll(MatrixView<const Real> outputs, const Observations<Real>& observed) const override {
    double sum = 0;
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      const auto own = static_cast<double>(outputs(i, class_of(observed.targets, i)));
      sum += weighted(log_sum_exp(row_of(outputs, i)).nll(own), observed, i);
    }
    return sum;
  }

  double nll_and_derivative(MatrixView<const Real> outputs, const Observations<Real>& observed,
                            MatrixView<Real> derivative) const override {
    double sum = 0;
    for (std::size_t first = 0; first < outputs.rows; first += chunk_rows) {
      const std::size_t count = std::min(chunk_rows, outputs.rows - first);
      sum = add_chunk(sum, outputs.middle_rows(first, count), observed.middle_rows(first, count),
                      derivative.middle_rows(first, count));
    }
    return sum;
  }

  bool relative_outputs() const override { return true; }
  bool has_curvature() const override { return true; }

  /// diag(p) - p·pᵀ, p = softmax(z).
  void curvature(MatrixView<const Real> outputs, const Observations<Real>& observed,
                 MatrixView<Real> result) const override {
    std::vector<Real> probabilities(outputs.size());
    const MatrixView<Real> p{probabilities.data(), outputs.rows, outputs.columns};
    for (std::size_t first = 0; first < outputs.rows; first += chunk_rows) {
      const std::size_t count = std::min(chunk_rows, outputs.rows - first);
      LogSumExps rows;
      softmax(outputs.middle_rows(first, count), p.middle_rows(first, count), rows);
    }
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      for (std::size_t k = 0; k < classes_; ++k) {
        for (std::size_t l = 0; l < classes_; ++l) {
          result(i, k * classes_ + l) = (k == l ? p(i, k) : Real{0}) - p(i, k) * p(i, l);
        }
      }
    }
    weigh_rows(observed, result);
  }

  /// p∘(ż - ż̄) with the mean ż̄ = p·ż/Σp, since rounded p do not add up to 1.
  void curvature_product(MatrixView<const Real> outputs, MatrixView<const Real> tangents,
                         const Observations<Real>& observed, MatrixView<Real> result) const override {
    LogSumExps rows;
    for (std::size_t first = 0; first < outputs.rows; first += chunk_rows) {
      const std::size_t count = std::min(chunk_rows, outputs.rows - first);
      softmax(outputs.middle_rows(first, count), result.middle_rows(first, count), rows);
    }
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      double sum = 0;
      double product = 0;
      for (std::size_t k = 0; k < classes_; ++k) {
        sum += static_cast<double>(result(i, k));
        product += static_cast<double>(result(i, k)) * static_cast<double>(tangents(i, k));
      }
      const double mean = product / sum;
      for (std::size_t k = 0; k < classes_; ++k) {
        result(i, k) =
            static_cast<Real>(static_cast<double>(result(i, k)) * (static_cast<double>(tangents(i, k)) - mean));
      }
    }
    weigh_rows(observed, result);
  }

  void predict(MatrixView<const Real> outputs, std::span<const Real> /*exposure*/,
               MatrixView<Real> prediction) const override {
    LogSumExps rows;
    for (std::size_t first = 0; first < outputs.rows; first += chunk_rows) {
      const std::size_t count = std::min(chunk_rows, outputs.rows - first);
      softmax(outputs.middle_rows(first, count), prediction.middle_rows(first, count), rows);
    }
  }

  std::vector<std::string> prediction_names() const override { return numbered("p_", classes_); }

  std::vector<std::string> metrics() const override {
    return two_classes() ? std::vector<std::string>{"accuracy", "auc"} : std::vector<std::string>{"accuracy"};
  }

  /// Σ w and the weights of the hits.
  std::size_t metric_sums() const override { return 2; }

  void add_metric_sums(MatrixView<const Real> outputs, const Observations<Real>& observed, const TargetSummary& /*all*/,
                       std::span<double> sums) const override {
    double hits = 0;
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      hits += wins(row_of(outputs, i), class_of(observed.targets, i)) ? observed.weight(i) : 0;
    }
    sums[0] += observed.total_weight();
    sums[1] += hits;
  }

  std::size_t metric_counts() const override { return two_classes() ? score_counts : 0; }

  void add_metric_counts(MatrixView<const Real> outputs, const Observations<Real>& observed, const TargetSummary& all,
                         std::span<double> counts) const override {
    for (std::size_t i = 0; two_classes() && i < outputs.rows; ++i) {
      const auto score = static_cast<float>(outputs(i, 1) - outputs(i, 0));
      count_score(counts, score, class_of(observed.targets, i) == 1, observed.weight(i), all);
    }
  }

  std::vector<double> metric_values(std::span<const double> sums, std::span<const double> counts) const override {
    const double accuracy = sums[1] / sums[0];
    return two_classes() ? std::vector<double>{accuracy, auc(counts)} : std::vector<double>{accuracy};
  }

  std::string target_fault(MatrixView<const Real> targets, std::size_t row) const override {
    const Real value = targets(row, 0);
    if (!std::isfinite(value) || value != std::trunc(value)) {
      return number_text(value) + " is not a class";
    }
    if (value < 0 || value >= static_cast<Real>(classes_)) {
      return "class " + number_text(value) + " is out of range 0.." + std::to_string(classes_ - 1);
    }
    return {};
  }

 private:
  bool two_classes() const { return classes_ == 2; }

  static std::size_t class_of(MatrixView<const Real> targets, std::size_t row) {
    return static_cast<std::size_t>(targets(row, 0));
  }

  /// Whether that class has the largest output, none of the lower ones an equal. NaN anywhere: no.
  static bool wins(std::span<const Real> row, std::size_t target) {
    const Real own = row[target];
    return std::all_of(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(target),
                       [own](Real other) { return other < own; }) &&
           std::all_of(row.begin() + static_cast<std::ptrdiff_t>(target), row.end(),
                       [own](Real other) { return other <= own; });
  }

  /// At most chunk_rows rows; the sum goes on from what came before, so that chunks leave its order alone.
  static double add_chunk(double sum, MatrixView<const Real> outputs, const Observations<Real>& observed,
                          MatrixView<Real> derivative) {
    const MatrixView<const Real> targets = observed.targets;
    std::array<double, chunk_rows> own;  // softmax may overwrite the outputs
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      own[i] = static_cast<double>(outputs(i, class_of(targets, i)));
    }
    LogSumExps rows;
    softmax(outputs, derivative, rows);
    for (std::size_t i = 0; i < outputs.rows; ++i) {
      sum += weighted(rows[i].nll(own[i]), observed, i);
      derivative(i, class_of(targets, i)) -= 1;
    }
    weigh_rows(observed, derivative);
    return sum;
  }

  std::size_t classes_;
};

}  // namespace

template <typename Real>
std::unique_ptr<Likelihood<Real>> make_categorical(std::size_t classes) {
  return std::make_unique<Categorical<Real>>(classes);
}

template std::unique_ptr<Likelihood<float>> make_categorical(std::size_t);
template std::unique_ptr<Likelihood<double>> make_categorical(std::size_t);

}  // namespace cauchy::model

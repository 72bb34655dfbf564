// What a data set looks like.

#include "cauchy/data/summary.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "cauchy/core/activity.hpp"
#include "cauchy/data/standardization.hpp"

namespace cauchy::data {
namespace {

constexpr double piece_elements = 1 << 20;
// Classes occur at least this often, as a share of what they would if all were equal: the rarest of counts are rarer.
constexpr double least_share = 0.05;
// From here on the variance of counts is told to exceed their mean.
constexpr double overdispersed = 2;

// Whole numbers with a larger mean are rather measurements, such as prices, and no worse taken for those if not.
constexpr double largest_mean_count = 1e4;

std::uint64_t rows_of_piece(const SourceShape& shape) {
  const double row_elements = shape.sparse ? static_cast<double>(shape.elements) / static_cast<double>(shape.rows)
                                           : static_cast<double>(shape.inputs);
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(piece_elements / std::max(row_elements, 1.0)));
}

void count_value(Summary& summary, bool& few, double value) {
  if (few && std::isfinite(value)) {
    ++summary.values[value];
    few = summary.values.size() <= most_values;
  }
}

void add_features(Summary& summary, const Samples<double>& samples) {
  const std::uint64_t rows = samples.rows.size();
  if (samples.sparse_features.columns == 0) {
    std::vector<double> features(samples.inputs);
    for (std::uint64_t row = 0; row < rows; ++row) {
      samples.copy_features(row, features.data());
      for (std::uint64_t column = 0; column < samples.inputs; ++column) {
        const double value = features[column];
        summary.features[column].add(value, samples.rows.first + row);
        summary.elements += value != 0 ? 1 : 0;
      }
    }
    return;
  }
  const auto features = samples.sparse_features.view();
  for (std::uint64_t row = 0; row < rows; ++row) {
    const auto elements = features.row(row);
    for (std::size_t i = 0; i < elements.columns.size(); ++i) {
      summary.features[elements.columns[i]].add(elements.values[i], samples.rows.first + row);
      summary.elements += elements.values[i] != 0 ? 1 : 0;
    }
  }
}

/// Elements that are not stored are zeros.
void complete_sparse(Summary& summary) {
  for (ColumnSummary& column : summary.features) {
    column.add_zeros(summary.shape.rows - column.finite() - column.missing() - column.infinite());
  }
}

bool holds_only(const Summary& summary, double first, double second) {
  return std::ranges::all_of(summary.values,
                             [&](const auto& entry) { return entry.first == first || entry.first == second; });
}

bool are_classes(const Summary& summary) {
  const std::size_t count = summary.values.size();
  if (count < 3 || summary.values.begin()->first != 0 ||
      summary.values.rbegin()->first != static_cast<double>(count - 1)) {
    return false;
  }
  const double average = static_cast<double>(summary.targets[0].finite()) / static_cast<double>(count);
  return std::ranges::all_of(
      summary.values, [&](const auto& entry) { return static_cast<double>(entry.second) >= least_share * average; });
}

TargetKind kind_of(const Summary& summary) {
  const auto& targets = summary.targets;
  const auto is_binary = [](const ColumnSummary& column) {
    return column.integers() && column.minimum() >= 0 && column.maximum() <= 1;
  };
  if (std::ranges::all_of(targets, [](const ColumnSummary& column) { return column.finite() == 0; })) {
    return TargetKind::none;
  }
  if (std::ranges::all_of(targets, is_binary)) {
    return TargetKind::binary;
  }
  if (targets.size() == 1 && !summary.values.empty() && holds_only(summary, -1, 1)) {
    return TargetKind::signs;
  }
  const bool whole = std::ranges::all_of(targets, [](const ColumnSummary& column) {
    return column.integers() && column.minimum() >= 0 && column.mean() <= largest_mean_count;
  });
  if (!whole) {
    return TargetKind::real;
  }
  return targets.size() == 1 && are_classes(summary) ? TargetKind::classes : TargetKind::counts;
}

std::string text_of(double value) {
  std::ostringstream text;
  text.precision(4);
  text << value;
  return text.str();
}

}  // namespace

void ColumnSummary::add(double value, std::uint64_t row) {
  if (!std::isfinite(value)) {
    first_fault_ = std::min(first_fault_, row);
    ++(std::isnan(value) ? missing_ : infinite_);
    return;
  }
  // Welford's update.
  ++finite_;
  const double distance = value - mean_;
  mean_ += distance / static_cast<double>(finite_);
  squares_ += distance * (value - mean_);
  minimum_ = std::min(minimum_, value);
  maximum_ = std::max(maximum_, value);
  zeros_ += value == 0 ? 1 : 0;
  integers_ = integers_ && value == std::trunc(value);
}

void ColumnSummary::add_zeros(std::uint64_t count) {
  if (count == 0) {
    return;
  }
  // Two sets joined, as Chan, Golub and LeVeque do.
  const auto before = static_cast<double>(finite_);
  const auto more = static_cast<double>(count);
  squares_ += mean_ * mean_ * before * more / (before + more);
  mean_ *= before / (before + more);
  finite_ += count;
  zeros_ += count;
  minimum_ = std::min(minimum_, 0.0);
  maximum_ = std::max(maximum_, 0.0);
}

double ColumnSummary::deviation() const {
  return finite_ == 0 ? 0 : std::sqrt(squares_ / static_cast<double>(finite_));
}

Summary summarize(const Reader& reader, const std::function<void(std::uint64_t)>& progress) {
  const core::Doing doing("looking at data");
  Summary summary;
  summary.shape = reader.shape();
  summary.features.resize(summary.shape.inputs);
  summary.targets.resize(summary.shape.target_columns);
  bool few = summary.targets.size() == 1;
  const std::uint64_t rows = summary.shape.rows;
  const std::uint64_t piece_rows = rows_of_piece(summary.shape);
  for (std::uint64_t first = 0; first < rows; first += piece_rows) {
    const Range part{first, std::min(rows, first + piece_rows)};
    const Samples<double> samples = read_samples<double>(reader, part, {});
    add_features(summary, samples);
    const auto targets = samples.target_matrix();
    for (std::uint64_t row = 0; row < targets.rows; ++row) {
      for (std::uint64_t column = 0; column < targets.columns; ++column) {
        summary.targets[column].add(targets(row, column), first + row);
        count_value(summary, few, targets(row, column));
      }
    }
    core::note_progress();
    progress(part.last);
  }
  if (summary.shape.sparse) {
    complete_sparse(summary);
  }
  if (!few) {
    summary.values.clear();
  }
  // Texts are classes, whatever share of the rows they have.
  summary.kind = class_names(reader.encoding()).size() > 2 ? TargetKind::classes : kind_of(summary);
  return summary;
}

Recommendation recommend(const Summary& summary) {
  const auto& targets = summary.targets;
  if (summary.shape.bytes && !targets.empty()) {
    return {"categorical", "the targets are bytes, each of which follows those before it"};
  }
  switch (summary.kind) {
    case TargetKind::none:
      return {"", "there is no target to learn from"};
    case TargetKind::binary:
      return {"bernoulli", targets.size() == 1 ? "the targets are 0 and 1, two answers"
                                               : "the targets are 0 and 1 in each of several columns"};
    case TargetKind::signs:
      return {"bernoulli", "the targets are two answers, -1 and 1; make them 0 and 1"};
    case TargetKind::classes:
      return {"categorical", "the targets are the whole numbers from 0 to " + text_of(targets[0].maximum()) +
                                 ", none of them rare: classes"};
    case TargetKind::counts: {
      const bool one = targets.size() == 1;
      const double variance = targets[0].deviation() * targets[0].deviation();
      const double ratio = targets[0].mean() > 0 ? variance / targets[0].mean() : 0;
      const std::string reason = "the targets are whole numbers from " + text_of(targets[0].minimum()) + " to " +
                                 text_of(targets[0].maximum()) + ": counts";
      if (one && ratio > overdispersed) {
        return {"negative_binomial", reason + ", whose variance is " + text_of(ratio) +
                                         " times their mean before the features explain any of it; poisson if they "
                                         "explain nearly all, categorical if the numbers stand for classes"};
      }
      return {"poisson", reason + "; categorical if the numbers stand for classes"};
    }
    case TargetKind::real:
      return {"gaussian", "the targets are measurements; laplace or student_t if some are far off"};
  }
  return {};
}

}  // namespace cauchy::data

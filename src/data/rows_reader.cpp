// Samples that a program brings along.

#include "cauchy/data/rows_reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <string>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/data/rows.hpp"
#include "conversion.hpp"

namespace cauchy::data {
namespace {

using linear_algebra::AlignedVector;
using linear_algebra::MatrixView;

// Rows that are in memory as the program gave them, before they are standardised and rounded.
constexpr std::uint64_t piece_rows = 4096;

/// Some rows as the program gave them.
struct Piece {
  AlignedVector<double> features;  ///< (rows × inputs)
  AlignedVector<double> targets;   ///< (rows × target columns)
  AlignedVector<double> weights;   ///< (rows)
};

class RowsReader final : public Reader {
 public:
  using Reader::Reader;

  std::string name(Part part) const override {
    return part == Part::features ? "the features" : part == Part::targets ? "the targets" : "the weights";
  }

  std::string place(Part part, std::uint64_t row) const override {
    return name(part) + " of row " + std::to_string(row) + " (counted from 0)";
  }

  void read(const Standardization& standardization, Samples<float>& samples) const override {
    read_as(standardization, samples);
  }
  void read(const Standardization& standardization, Samples<double>& samples) const override {
    read_as(standardization, samples);
  }

  void for_each_piece(Range rows, const FeatureVisitor& visit) const override {
    for_each(rows, [&](std::uint64_t first, std::uint64_t count, const Piece& piece) {
      visit(first, {piece.features.data(), count, shape().inputs});
    });
  }

 private:
  template <typename Visit>
  void for_each(Range rows, Visit visit) const {
    Piece piece;
    for (std::uint64_t first = rows.first; first < rows.last; first += piece_rows) {
      const std::uint64_t count = std::min(piece_rows, rows.last - first);
      with_user_errors(source(), [&] { fill(first, count, piece); });
      visit(first, count, piece);
    }
  }

  void fill(std::uint64_t first, std::uint64_t count, Piece& piece) const {
    const std::uint64_t inputs = shape().inputs;
    const std::uint64_t columns = shape().target_columns;
    piece.features.assign(count * inputs, 0.0);
    piece.targets.assign(count * columns, 0.0);
    piece.weights.assign(count, 1.0);
    for (std::uint64_t i = 0; i < count; ++i) {
      RowValues values{std::span(piece.features).subspan(i * inputs, inputs),
                       std::span(piece.targets).subspan(i * columns, columns)};
      source().rows->fill(first + i, values);
      require_finite(Part::features, first + i, values.features);
      require_finite(Part::targets, first + i, values.targets);
      require_finite(Part::weights, first + i, {&values.weight, 1});
      if (!source().rows->weighted && values.weight != 1) {
        refuse(Part::weights, first + i, "there is one, although the rows are said to have none (Rows::weighted)");
      }
      piece.weights[i] = values.weight;
    }
  }

  template <typename Real>
  void read_as(const Standardization& standardization, Samples<Real>& samples) const {
    const std::uint64_t inputs = samples.inputs;
    const std::uint64_t columns = samples.target_columns;
    samples.features.resize(samples.rows.size() * inputs);
    samples.targets.resize(samples.rows.size() * columns);
    samples.weights.resize(source().rows->weighted ? samples.rows.size() : 0);
    for_each(samples.rows, [&](std::uint64_t first, std::uint64_t count, const Piece& piece) {
      const std::uint64_t start = first - samples.rows.first;
      const auto round = [&](Part part, const AlignedVector<double>& values, std::uint64_t width, Real* result) {
        const bool standardized = part == Part::features && standardization.active();
        convert(MatrixView<const double>{values.data(), count, width}, standardized ? &standardization : nullptr,
                result + start * width, [&](std::uint64_t row, std::uint64_t column, const std::string& what) {
                  refuse(part, first + row, what + " in column " + std::to_string(column));
                });
      };
      round(Part::features, piece.features, inputs, samples.features.data());
      round(Part::targets, piece.targets, columns, samples.targets.data());
      if (source().rows->weighted) {
        round(Part::weights, piece.weights, 1, samples.weights.data());
      }
    });
  }

  void require_finite(Part part, std::uint64_t row, std::span<const double> values) const {
    const auto bad = std::ranges::find_if_not(values, [](double value) { return std::isfinite(value); });
    if (bad != values.end()) {
      std::ostringstream what;
      what << *bad << " in column " << bad - values.begin();
      refuse(part, row, what.str());
    }
  }

  [[noreturn]] void refuse(Part part, std::uint64_t row, const std::string& what) const {
    throw core::UserError(at(source()) + place(part, row) + ": " + what);
  }
};

}  // namespace

std::unique_ptr<const Reader> open_rows(const communication::Communicator& ranks, const Source& source) {
  const Rows& rows = *source.rows;
  std::array<std::uint64_t, 4> of_root{rows.count, rows.inputs, rows.target_columns, rows.weighted ? 1U : 0U};
  ranks.broadcast<std::uint64_t>(of_root);
  communication::agree(ranks, [&] {
    if (!source.weights.empty() || !source.exposure.empty()) {
      throw core::UserError(at(source) +
                            "data.weights and data.exposure name what files have; Rows::weighted says "
                            "whether these rows have weights");
    }
    if (rows.count == 0 || rows.target_columns == 0 || !rows.fill) {
      throw core::UserError(at(source) + "there are none, they have no targets, or no function fills them");
    }
    if (of_root !=
        std::array<std::uint64_t, 4>{rows.count, rows.inputs, rows.target_columns, rows.weighted ? 1U : 0U}) {
      throw core::UserError(at(source) + "this rank has " + std::to_string(rows.count) + ", the root " +
                            std::to_string(of_root[0]) + ", or they differ in their columns or weights");
    }
  });
  Source named = source;
  named.weights = rows.weighted ? "the weights" : "";
  return std::make_unique<RowsReader>(std::move(named), SourceShape{rows.count, rows.inputs, rows.target_columns});
}

}  // namespace cauchy::data

// Several files as one data set.

#include "joined_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "cauchy/core/error.hpp"
#include "cauchy/data/standardization.hpp"

namespace cauchy::data {
namespace {

// About as many numbers are read at a time, where rows of several files are wanted, and then copied.
constexpr std::uint64_t piece_numbers = std::uint64_t{1} << 18;

template <typename Vector>
void append(const Vector& from, Vector& to) {
  to.insert(to.end(), from.begin(), from.end());
}

template <typename Real>
void append(const linear_algebra::SparseMatrix<Real>& from, linear_algebra::SparseMatrix<Real>& to) {
  const std::uint64_t before = to.indices.size();
  append(from.indices, to.indices);
  append(from.values, to.values);
  for (std::size_t row = 0; row < from.rows(); ++row) {
    to.starts.push_back(before + from.starts[row + 1]);
  }
}

SourceShape shape_of_all(const std::vector<std::unique_ptr<const Reader>>& parts) {
  SourceShape shape = parts.front()->shape();
  shape.rows = 0;
  shape.elements = 0;
  for (const auto& part : parts) {
    shape.rows += part->shape().rows;
    shape.elements += part->shape().elements;
  }
  return shape;
}

class JoinedReader final : public Reader {
 public:
  JoinedReader(const Source& source, std::vector<std::unique_ptr<const Reader>> parts)
      : Reader(source, shape_of_all(parts), parts.front()->encoding()), parts_(std::move(parts)) {
    for (const auto& part : parts_) {
      ends_.push_back((ends_.empty() ? 0 : ends_.back()) + part->shape().rows);
    }
  }

  std::vector<std::string> input_names() const override { return parts_.front()->input_names(); }

  std::string name(Part part) const override { return parts_.front()->name(part); }

  std::string place(Part part, std::uint64_t row) const override {
    const std::size_t number = part_of(row);
    const Reader& reader = *parts_[number];
    return reader.source().path + ", " + reader.place(part, row - start_of(number));
  }

  std::vector<std::filesystem::path> files() const override {
    std::vector<std::filesystem::path> all;
    for (const auto& part : parts_) {
      const std::vector<std::filesystem::path> files = part->files();
      if (files.empty()) {
        return {};
      }
      append(files, all);
    }
    return all;
  }

  void read(const Standardization& standardization, Samples<float>& samples) const override {
    read_as(standardization, samples);
  }
  void read(const Standardization& standardization, Samples<double>& samples) const override {
    read_as(standardization, samples);
  }

  void for_each_piece(Range rows, const FeatureVisitor& visit) const override {
    for_each_part(rows, [&](const Reader& reader, Range of_part, std::uint64_t start) {
      reader.for_each_piece(
          of_part, [&](std::uint64_t first, const model::Features<double>& values) { visit(start + first, values); });
    });
  }

 private:
  std::size_t part_of(std::uint64_t row) const {
    return static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), row) - ends_.begin());
  }
  std::uint64_t start_of(std::size_t part) const { return part == 0 ? 0 : ends_[part - 1]; }

  /// Calls visit(reader, some of its rows, row of the whole at which it starts), in order, for rows that are not none.
  template <typename Visit>
  void for_each_part(Range rows, Visit visit) const {
    while (rows.first < rows.last) {
      const std::size_t number = part_of(rows.first);
      const std::uint64_t start = start_of(number);
      const std::uint64_t last = std::min(rows.last, ends_[number]);
      visit(*parts_[number], Range{rows.first - start, last - start}, start);
      rows.first = last;
    }
  }

  template <typename Real>
  void read_as(const Standardization& standardization, Samples<Real>& samples) const {
    const Range rows = samples.rows;
    const std::size_t number = part_of(rows.first);
    if (rows.last <= ends_[number]) {
      samples.rows = {rows.first - start_of(number), rows.last - start_of(number)};
      parts_[number]->read(standardization, samples);
      samples.rows = rows;
    } else {
      read_pieces(standardization, samples);
    }
  }

  /// Rows of several files, in pieces, so that little is in memory twice.
  template <typename Real>
  void read_pieces(const Standardization& standardization, Samples<Real>& samples) const {
    const bool is_dense = !shape().sparse && !samples.without_features;
    samples.features.reserve(is_dense ? samples.rows.size() * samples.inputs : 0);
    samples.targets.reserve(samples.rows.size() * samples.target_columns);
    if (samples.sparse_features.columns > 0) {  // as many as there are in the mean
      const double share = static_cast<double>(samples.rows.size()) / static_cast<double>(shape().rows);
      const auto elements = static_cast<std::size_t>(share * static_cast<double>(shape().elements));
      samples.sparse_features.indices.reserve(elements);
      samples.sparse_features.values.reserve(elements);
      samples.sparse_features.starts.reserve(samples.rows.size() + 1);
    }
    Samples<Real> piece;
    piece.without_features = samples.without_features;
    for_each_part(samples.rows, [&](const Reader& reader, Range of_part, std::uint64_t /*start*/) {
      for (std::uint64_t first = of_part.first; first < of_part.last; first += piece_rows()) {
        read_samples(reader, {first, std::min(of_part.last, first + piece_rows())}, standardization, piece);
        append(piece.features, samples.features);
        append(piece.sparse_features, samples.sparse_features);
        append(piece.targets, samples.targets);
        append(piece.weights, samples.weights);
        append(piece.exposure, samples.exposure);
      }
    });
  }

  std::uint64_t piece_rows() const {
    const std::uint64_t features = shape().sparse ? shape().elements / shape().rows : shape().inputs;
    return std::max<std::uint64_t>(1, piece_numbers / (1 + features + shape().target_columns));
  }

  std::vector<std::unique_ptr<const Reader>> parts_;
  std::vector<std::uint64_t> ends_;  ///< of each part's rows, in the whole
};

std::string columns_text(const SourceShape& shape) {
  return std::to_string(shape.inputs) + (shape.sparse ? " sparse features and " : " features and ") +
         std::to_string(shape.target_columns) + " target column" + (shape.target_columns == 1 ? "" : "s");
}

}  // namespace

std::unique_ptr<const Reader> join(const Source& source, std::vector<std::unique_ptr<const Reader>> parts) {
  if (parts.size() == 1) {
    return std::move(parts.front());
  }
  const Reader& first = *parts.front();
  for (const auto& part : parts) {
    if (columns_text(part->shape()) != columns_text(first.shape())) {
      throw core::UserError(at(part->source()) + "has " + columns_text(part->shape()) + ", " + first.source().path +
                            " has " + columns_text(first.shape()) + "; files of one data set have the same columns")
          .as_agreed();
    }
    if (!(part->encoding() == first.encoding())) {
      throw core::UserError(at(part->source()) + "does not say the same as " + first.source().path +
                            " about how texts became numbers; `cauchy convert --like=" + first.source().path +
                            "` takes its categories, means and classes")
          .as_agreed();
    }
  }
  return std::make_unique<JoinedReader>(source, std::move(parts));
}

}  // namespace cauchy::data

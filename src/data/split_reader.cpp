// One half of a data set.

#include "cauchy/data/split_reader.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "cauchy/data/standardization.hpp"

namespace cauchy::data {
namespace {

// Rows of the whole, about, that are read at a time; those of the other half are dropped.
constexpr std::uint64_t piece_rows = 1 << 14;
constexpr std::uint64_t piece_elements = 1 << 18;  // of so many features at most, where rows are long

/// Appends rows of a matrix of that many columns. Does nothing with a matrix that is not there.
template <typename From, typename To>
void append_rows(const From& from, std::uint64_t columns, const std::vector<std::uint64_t>& rows,
                 std::uint64_t first_row, To& to) {
  if (from.empty()) {
    return;
  }
  for (const std::uint64_t row : rows) {
    const auto* const begin = from.data() + (row - first_row) * columns;
    to.insert(to.end(), begin, begin + columns);
  }
}

template <typename Real>
void append_rows(const linear_algebra::SparseView<Real>& from, const std::vector<std::uint64_t>& rows,
                 std::uint64_t first_row, linear_algebra::SparseMatrix<Real>& to) {
  if (from.columns == 0) {
    return;
  }
  to.columns = from.columns;
  for (const std::uint64_t row : rows) {
    const linear_algebra::SparseRow<Real> elements = from.row(row - first_row);
    to.indices.insert(to.indices.end(), elements.columns.begin(), elements.columns.end());
    to.values.insert(to.values.end(), elements.values.begin(), elements.values.end());
    to.starts.push_back(to.indices.size());
  }
}

/// Rows that follow those that are there, as in a split by position: the bytes of one sample reach into the next one.
template <typename Real>
void append_bytes(const Samples<Real>& from, Samples<Real>& to) {
  const std::size_t known = to.bytes.empty() || from.bytes.empty() ? 0 : from.inputs;
  to.bytes.insert(to.bytes.end(), from.bytes.begin() + static_cast<std::ptrdiff_t>(known), from.bytes.end());
}

SourceShape shape_of_half(const Reader& whole, const Split& split, Half half) {
  SourceShape shape = whole.shape();
  shape.rows = split.size(half);
  // An estimate, for the prediction of memory: no row has been looked at.
  shape.elements = static_cast<std::uint64_t>(static_cast<double>(shape.elements) * static_cast<double>(shape.rows) /
                                              static_cast<double>(whole.shape().rows));
  return shape;
}

class SplitReader final : public Reader {
 public:
  SplitReader(std::shared_ptr<const Reader> whole, std::shared_ptr<const Split> split, Half half)
      : Reader(whole->source(), shape_of_half(*whole, *split, half), whole->encoding()),
        whole_(std::move(whole)),
        split_(std::move(split)),
        half_(half) {}

  std::string name(Part part) const override { return whole_->name(part); }

  std::string place(Part part, std::uint64_t row) const override {
    return whole_->place(part, split_->rows(half_, {row, row + 1}).front());
  }

  std::vector<std::string> input_names() const override { return whole_->input_names(); }

  std::vector<std::filesystem::path> files() const override { return whole_->files(); }

  void read(const Standardization& standardization, Samples<float>& samples) const override {
    read_as(standardization, samples);
  }
  void read(const Standardization& standardization, Samples<double>& samples) const override {
    read_as(standardization, samples);
  }

  void for_each_piece(Range rows, const FeatureVisitor& visit) const override {
    for_each_part(rows, [&](std::uint64_t first, const std::vector<std::uint64_t>& chosen) {
      const Range around{chosen.front(), chosen.back() + 1};
      linear_algebra::AlignedVector<double> dense;
      linear_algebra::SparseMatrix<double> sparse;
      auto next = chosen.begin();
      whole_->for_each_piece(around, [&](std::uint64_t start, const model::Features<double>& values) {
        const auto end = std::lower_bound(next, chosen.end(), start + values.samples());
        const std::vector<std::uint64_t> here(next, end);
        next = end;
        append_rows(values.dense.elements(), values.dense.columns, here, start, dense);
        append_rows(values.sparse, here, start, sparse);
      });
      if (shape().sparse) {
        visit(first, sparse.view());
      } else {
        visit(first, {dense.data(), chosen.size(), shape().inputs});
      }
    });
  }

 private:
  /// Calls visit(first row of the half, rows of the whole) for some rows of a range at a time.
  template <typename Visit>
  void for_each_part(Range rows, Visit visit) const {
    const double share = static_cast<double>(shape().rows) / static_cast<double>(whole_->shape().rows);
    const std::uint64_t rows_around = std::min(piece_rows, piece_elements / elements_of_row());
    const auto count = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(share * static_cast<double>(rows_around)));
    for (std::uint64_t first = rows.first; first < rows.last; first += count) {
      visit(first, split_->rows(half_, {first, std::min(rows.last, first + count)}));
    }
  }

  std::uint64_t elements_of_row() const {
    const SourceShape& whole = whole_->shape();
    return std::max<std::uint64_t>(1, whole.sparse ? whole.elements / whole.rows : whole.inputs);
  }

  template <typename Real>
  void read_as(const Standardization& standardization, Samples<Real>& samples) const {
    const bool are_numbers = !shape().sparse && !shape().bytes && !samples.without_features;
    samples.features.reserve(are_numbers ? samples.rows.size() * samples.inputs : 0);
    samples.targets.reserve(samples.rows.size() * samples.target_columns);
    Samples<Real> all;
    all.without_features = samples.without_features;
    for_each_part(samples.rows, [&](std::uint64_t, const std::vector<std::uint64_t>& chosen) {
      const Range around{chosen.front(), chosen.back() + 1};
      read_samples(*whole_, around, standardization, all);
      append_rows(all.features, samples.inputs, chosen, around.first, samples.features);
      append_bytes(all, samples);
      append_rows(all.sparse_features.view(), chosen, around.first, samples.sparse_features);
      append_rows(all.targets, samples.target_columns, chosen, around.first, samples.targets);
      append_rows(all.weights, 1, chosen, around.first, samples.weights);
      append_rows(all.exposure, 1, chosen, around.first, samples.exposure);
    });
  }

  std::shared_ptr<const Reader> whole_;
  std::shared_ptr<const Split> split_;
  Half half_;
};

}  // namespace

std::unique_ptr<const Reader> make_split_reader(std::shared_ptr<const Reader> whole, std::shared_ptr<const Split> split,
                                                Half half) {
  return std::make_unique<SplitReader>(std::move(whole), std::move(split), half);
}

}  // namespace cauchy::data

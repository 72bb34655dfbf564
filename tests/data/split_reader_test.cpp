// Halves of dense and sparse data, read in any ranges.

#include "cauchy/data/split_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cauchy/data/standardization.hpp"

namespace cauchy::data {
namespace {

// More rows than a half reads at a time; three inputs.
constexpr std::uint64_t row_count = 50000;
constexpr std::uint64_t inputs = 3;

double feature(std::uint64_t row, std::uint64_t column) {
  return static_cast<double>(row * 4 + column);
}

/// Row i: features 4i, 4i + 1, 4i + 2, of which a sparse one has the first i mod 4; target -i, weight i, exposure 1 +
/// i.
class CountingReader final : public Reader {
 public:
  explicit CountingReader(bool sparse)
      : Reader({"data.train", "counts", "features", "targets"}, {row_count, inputs, 1, sparse, sparse ? 75000U : 0U}) {}

  std::string name(Part /*part*/) const override { return "counts"; }
  std::string place(Part /*part*/, std::uint64_t row) const override { return "row " + std::to_string(row); }

  void read(const Standardization& /*standardization*/, Samples<float>& samples) const override { read_as(samples); }
  void read(const Standardization& /*standardization*/, Samples<double>& samples) const override { read_as(samples); }

  void for_each_piece(Range rows, const FeatureVisitor& visit) const override {
    for (std::uint64_t first = rows.first; first < rows.last; first += 777) {
      Samples<double> samples{{first, std::min(rows.last, first + 777)}, inputs, 1, {}, {}};
      samples.sparse_features.columns = shape().sparse ? inputs : 0;
      read_as(samples);
      shape().sparse ? visit(first, samples.sparse_features.view())
                     : visit(first, model::Features<double>(samples.feature_matrix()));
    }
  }

 private:
  template <typename Real>
  void read_as(Samples<Real>& samples) const {
    for (std::uint64_t row = samples.rows.first; row < samples.rows.last; ++row) {
      for (std::uint64_t column = 0; column < (shape().sparse ? row % 4 : inputs); ++column) {
        const auto value = static_cast<Real>(feature(row, column));
        if (shape().sparse) {
          samples.sparse_features.indices.push_back(static_cast<std::uint32_t>(column));
          samples.sparse_features.values.push_back(value);
        } else {
          samples.features.push_back(value);
        }
      }
      if (shape().sparse) {
        samples.sparse_features.starts.push_back(samples.sparse_features.indices.size());
      }
      samples.targets.push_back(-static_cast<Real>(row));
      samples.weights.push_back(static_cast<Real>(row));
      samples.exposure.push_back(static_cast<Real>(row + 1));
    }
  }
};

class SplitReaderTest : public testing::TestWithParam<std::tuple<bool, SplitRule, Half>> {
 protected:
  std::shared_ptr<const Split> split_ =
      std::make_shared<Split>(SplitOptions{row_count, 0.2, std::get<1>(GetParam()), 5});
  Half half_ = std::get<2>(GetParam());
  bool sparse_ = std::get<0>(GetParam());
  std::unique_ptr<const Reader> reader_ = make_split_reader(std::make_shared<CountingReader>(sparse_), split_, half_);

  void expect_features(const model::Features<double>& features, std::uint64_t index, std::uint64_t row) const {
    if (!sparse_) {
      for (std::uint64_t column = 0; column < inputs; ++column) {
        ASSERT_EQ(features.dense(index, column), feature(row, column));
      }
      return;
    }
    const auto elements = features.sparse.row(index);
    ASSERT_EQ(elements.values.size(), row % 4);
    for (std::uint64_t i = 0; i < elements.values.size(); ++i) {
      ASSERT_EQ(elements.columns[i], i);
      ASSERT_EQ(elements.values[i], feature(row, i));
    }
  }
};

TEST_P(SplitReaderTest, ReadsTheRowsOfItsHalf) {
  const std::uint64_t size = split_->size(half_);
  ASSERT_EQ(reader_->shape().rows, size);
  for (const Range range : {Range{0, size}, Range{0, 1}, Range{size - 1, size}, Range{size / 3, size / 2}}) {
    const std::vector<std::uint64_t> rows = split_->rows(half_, range);
    const Samples<double> samples = read_samples<double>(*reader_, range, {});
    ASSERT_EQ(samples.targets.size(), range.size());
    const model::Features<double> features = sparse_ ? model::Features<double>(samples.sparse_features.view())
                                                     : model::Features<double>(samples.feature_matrix());
    ASSERT_EQ(features.samples(), range.size());
    for (std::uint64_t i = 0; i < range.size(); ++i) {
      ASSERT_EQ(samples.targets[i], -static_cast<double>(rows[i]));
      ASSERT_EQ(samples.weights[i], static_cast<double>(rows[i]));
      ASSERT_EQ(samples.exposure[i], static_cast<double>(rows[i] + 1));
      expect_features(features, i, rows[i]);
    }
    EXPECT_EQ(reader_->place(Part::targets, range.first), "row " + std::to_string(rows.front()));
  }
}

TEST_P(SplitReaderTest, VisitsTheFeaturesOfItsHalfInOrder) {
  const Range range{7, split_->size(half_) - 3};
  const std::vector<std::uint64_t> rows = split_->rows(half_, range);
  std::uint64_t next = range.first;
  reader_->for_each_piece(range, [&](std::uint64_t first, const model::Features<double>& features) {
    ASSERT_EQ(first, next);
    for (std::uint64_t i = 0; i < features.samples(); ++i) {
      expect_features(features, i, rows[first + i - range.first]);
    }
    next += features.samples();
  });
  EXPECT_EQ(next, range.last);
}

INSTANTIATE_TEST_SUITE_P(All, SplitReaderTest,
                         testing::Combine(testing::Bool(), testing::Values(SplitRule::random, SplitRule::position),
                                          testing::Values(Half::training, Half::validation)));

}  // namespace
}  // namespace cauchy::data

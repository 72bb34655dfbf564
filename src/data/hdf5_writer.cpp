// Data of any format as an HDF5 file.

#include "cauchy/data/hdf5_writer.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cauchy/core/activity.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/storage/file.hpp"
#include "cauchy/storage/seal.hpp"

namespace cauchy::data {
namespace {

constexpr std::uint64_t piece_numbers = std::uint64_t{1} << 20;

/// Fills an array from front to end, some megabytes at a time.
template <typename T>
class Appender {
 public:
  Appender(storage::File& file, std::string dataset, std::vector<std::uint64_t> shape, const storage::Chunks& chunks)
      : file_(file), dataset_(std::move(dataset)), shape_(std::move(shape)) {
    for (std::size_t i = 1; i < shape_.size(); ++i) {
      row_elements_ *= shape_[i];
    }
    file_.create<T>(dataset_, shape_, chunks);
  }

  template <typename From>
  void append(std::span<const From> values) {
    waiting_.assign(values.begin(), values.end());
    const std::uint64_t rows = waiting_.size() / row_elements_;
    if (rows > 0) {
      file_.write_rows<T>(dataset_, row_, rows, waiting_);
    }
    row_ += rows;
  }

  /// Throws std::logic_error unless the array is full.
  void finish() {
    if (row_ != shape_[0]) {
      throw std::logic_error(dataset_ + " was to have " + std::to_string(shape_[0]) + " rows and got " +
                             std::to_string(row_));
    }
  }

 private:
  storage::File& file_;
  std::string dataset_;
  std::vector<std::uint64_t> shape_;
  std::uint64_t row_elements_ = 1;
  std::uint64_t row_ = 0;
  std::vector<T> waiting_;
};

/// Calls visit(samples) with all rows, some at a time.
template <typename Visit>
void for_each_samples(const Reader& reader, Visit visit) {
  const SourceShape& shape = reader.shape();
  const std::uint64_t elements_a_row = shape.sparse ? shape.elements / shape.rows + 1 : shape.inputs;
  const std::uint64_t count = std::max<std::uint64_t>(1, piece_numbers / (elements_a_row + shape.target_columns));
  for (std::uint64_t first = 0; first < shape.rows; first += count) {
    visit(read_samples<double>(reader, {first, std::min(shape.rows, first + count)}, {}));
    core::note_progress();
  }
}

void write_all(const Reader& reader, storage::File& file, const storage::Chunks& chunks) {
  const SourceShape& shape = reader.shape();
  const std::vector<std::uint64_t> target_shape =
      shape.target_columns == 1 ? std::vector{shape.rows} : std::vector{shape.rows, shape.target_columns};
  Appender<double> targets(file, "/targets", target_shape, chunks);
  std::vector<Appender<double>> others;
  if (!reader.source().weights.empty()) {
    others.emplace_back(file, "/weights", std::vector{shape.rows}, chunks);
  }
  if (!reader.source().exposure.empty()) {
    others.emplace_back(file, "/exposure", std::vector{shape.rows}, chunks);
  }
  const auto append_others = [&](const Samples<double>& samples) {
    targets.append<double>(samples.targets);
    std::size_t next = 0;
    for (const auto* values : {&samples.weights, &samples.exposure}) {
      if (!values->empty()) {
        others[next++].append<double>(*values);
      }
    }
  };
  if (shape.sparse) {
    Appender<std::int64_t> starts(file, "/features/indptr", {shape.rows + 1}, chunks);
    const storage::Chunks of_elements{chunks.rows * (shape.elements / shape.rows + 1), chunks.compression};
    Appender<std::int64_t> indices(file, "/features/indices", {shape.elements}, of_elements);
    Appender<double> values(file, "/features/values", {shape.elements}, of_elements);
    std::uint64_t before = 0;
    starts.append<std::uint64_t>({&before, 1});
    for_each_samples(reader, [&](const Samples<double>& samples) {
      std::vector<std::uint64_t> ends(samples.sparse_features.starts.begin() + 1, samples.sparse_features.starts.end());
      std::ranges::for_each(ends, [&](std::uint64_t& end) { end += before; });
      before = ends.back();
      starts.append<std::uint64_t>(ends);
      indices.append<std::uint32_t>(samples.sparse_features.indices);
      values.append<double>(samples.sparse_features.values);
      append_others(samples);
    });
    starts.finish();
    indices.finish();
    values.finish();
    file.write_attribute("/features", "shape", std::vector<std::uint64_t>{shape.rows, shape.inputs});
  } else {
    Appender<double> features(file, "/features", {shape.rows, shape.inputs}, chunks);
    for_each_samples(reader, [&](const Samples<double>& samples) {
      features.append<double>(samples.features);
      append_others(samples);
    });
    features.finish();
  }
  targets.finish();
  std::ranges::for_each(others, &Appender<double>::finish);
  if (reader.encoding().active()) {
    file.write_text(encoding_dataset, encoding_text(reader.encoding()));
  }
}

}  // namespace

void write_hdf5(const Reader& reader, const std::filesystem::path& output, const storage::Chunks& chunks) {
  const core::Doing doing("converting data");
  storage::write_sealed(output, sealed_data, [&](storage::File& file) { write_all(reader, file, chunks); });
}

}  // namespace cauchy::data

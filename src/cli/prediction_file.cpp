// Files of predictions.

#include "cauchy/cli/prediction_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>

#include "cauchy/core/error.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/reporting/csv.hpp"
#include "cauchy/storage/atomic_file.hpp"
#include "cauchy/storage/seal.hpp"

namespace cauchy::cli {
namespace {

using linear_algebra::MatrixView;

template <typename Real>
std::size_t most_probable(MatrixView<const Real> rows, std::size_t row) {
  const Real* const first = rows.row(row);
  return static_cast<std::size_t>(std::max_element(first, first + rows.columns) - first);
}

template <typename Real>
class CsvPredictions final : public PredictionFile<Real> {
 public:
  explicit CsvPredictions(const PredictionTable& table) : table_(table) {
    for (const std::string& name : table.classes) {
      class_fields_.push_back(reporting::csv_field(name));
    }
  }

  std::string encoded(MatrixView<const Real> rows) const override {
    std::string text;
    std::array<char, 32> number;
    for (std::size_t row = 0; row < rows.rows; ++row) {
      for (std::size_t column = 0; column < rows.columns; ++column) {
        const auto end = std::to_chars(number.data(), number.data() + number.size(), rows(row, column)).ptr;
        *end = ',';
        text.append(number.data(), end + 1);
      }
      if (class_fields_.empty()) {
        text.back() = '\n';
      } else {
        text += class_fields_[most_probable(rows, row)] + "\n";
      }
    }
    return text;
  }

  void open() override {
    file_.emplace(table_.path);
    std::vector<std::string> names = table_.names;
    if (!table_.classes.empty()) {
      names.emplace_back("class");
    }
    file_->append(reporting::csv_line(names));
  }
  void append(const std::string& rows) override { file_->append(rows); }
  void commit() override { file_->commit(); }

 private:
  PredictionTable table_;
  std::vector<std::string> class_fields_;
  std::optional<storage::TextWriter> file_;
};

template <typename Real>
class Hdf5Predictions final : public PredictionFile<Real> {
 public:
  explicit Hdf5Predictions(const PredictionTable& table) : table_(table) {}

  std::string encoded(MatrixView<const Real> rows) const override {
    return {reinterpret_cast<const char*>(rows.data), rows.size() * sizeof(Real)};
  }

  void open() override {
    writer_.emplace(table_.path, data::sealed_data);
    storage::File& file = writer_->file();
    file.create<Real>("/predictions", {table_.rows, table_.names.size()});
    file.write_texts("/columns", table_.names);
    if (!table_.classes.empty()) {
      file.create<std::int64_t>("/class", {table_.rows});
      file.write_texts("/class_names", table_.classes);
    }
  }

  void append(const std::string& rows) override {
    std::vector<Real> values(rows.size() / sizeof(Real));
    std::memcpy(values.data(), rows.data(), rows.size());
    const MatrixView<const Real> matrix{values.data(), values.size() / table_.names.size(), table_.names.size()};
    writer_->file().template write_rows<Real>("/predictions", done_, matrix.rows, matrix.elements());
    if (!table_.classes.empty()) {
      std::vector<std::int64_t> classes(matrix.rows);
      for (std::size_t row = 0; row < matrix.rows; ++row) {
        classes[row] = static_cast<std::int64_t>(most_probable(matrix, row));
      }
      writer_->file().template write_rows<std::int64_t>("/class", done_, matrix.rows, classes);
    }
    done_ += matrix.rows;
  }

  void commit() override { writer_->commit(); }

 private:
  PredictionTable table_;
  std::optional<storage::SealedWriter> writer_;
  std::uint64_t done_ = 0;  ///< rows
};

}  // namespace

template <typename Real>
std::unique_ptr<PredictionFile<Real>> make_prediction_file(const PredictionTable& table) {
  const std::string extension = table.path.extension().string();
  if (extension == ".csv") {
    return std::make_unique<CsvPredictions<Real>>(table);
  }
  if (extension == ".h5" || extension == ".hdf5") {
    return std::make_unique<Hdf5Predictions<Real>>(table);
  }
  throw core::UserError("--output " + table.path.string() + ": the name must end in .csv, .h5 or .hdf5");
}

template std::unique_ptr<PredictionFile<float>> make_prediction_file(const PredictionTable&);
template std::unique_ptr<PredictionFile<double>> make_prediction_file(const PredictionTable&);

}  // namespace cauchy::cli

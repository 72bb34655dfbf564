// Tables of text.

#include "cauchy/data/table_reader.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "conversion.hpp"
#include "table.hpp"
#include "table_encoding.hpp"
#include "table_scan.hpp"
#include "text_number.hpp"

namespace cauchy::data {
namespace {

using linear_algebra::MatrixView;

constexpr std::uint64_t piece_elements = std::uint64_t{1} << 16;

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using Categories = std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>>;

/// How a column of the file is read.
enum class Kind { none, number, category };

/// Where the numbers of a row go.
struct RowNumbers {
  double* features = nullptr;
  double* targets = nullptr;
  double* weight = nullptr;
  double* exposure = nullptr;
};

/// Rows of a table, a row of each for each.
struct TablePiece {
  std::uint64_t first = 0;  ///< row
  MatrixView<const double> features;
  MatrixView<const double> targets;
  std::span<const double> weights;  ///< of no meaning where there are none
  std::span<const double> exposure;
};

class TableReader final : public Reader {
 public:
  TableReader(Table table, const SourceShape& shape)
      : Reader(table.source, shape, table.encoding), table_(std::move(table)) {
    columns_.resize(table_.layout.names.size());
    std::size_t slot = 0;
    for (std::size_t i = 0; i < table_.selection.features.size(); ++i) {
      plan(table_.selection.features[i], table_.encoding.features[i], slot);
      slot += table_.encoding.features[i].inputs();
    }
    for (std::size_t i = 0; i < table_.selection.targets.size(); ++i) {
      plan(table_.selection.targets[i], table_.encoding.targets[i], i);
    }
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      const ColumnUse::Role role = table_.selection.uses[column].role;
      if (role == ColumnUse::Role::weight || role == ColumnUse::Role::exposure) {
        columns_[column] = {Kind::number, role};
      }
    }
  }

  std::string name(Part part) const override {
    switch (part) {
      case Part::features:
        return "the table";
      case Part::targets:
        return table_.selection.targets.empty() ? "no targets" : "column " + table_.encoding.targets[0].name;
      case Part::weights:
        return "column " + source().weights;
      case Part::exposure:
        return "column " + source().exposure;
    }
    return {};
  }

  std::string place(Part part, std::uint64_t row) const override { return name(part) + " at " + line_of(row); }

  void read(const Standardization& standardization, Samples<float>& samples) const override {
    read_as(standardization, samples);
  }
  void read(const Standardization& standardization, Samples<double>& samples) const override {
    read_as(standardization, samples);
  }

  void for_each_piece(Range rows, const FeatureVisitor& visit) const override {
    with_user_errors(source(),
                     [&] { read_pieces(rows, [&](const TablePiece& piece) { visit(piece.first, piece.features); }); });
  }

 private:
  /// File and line of a row.
  std::string line_of(std::uint64_t row) const {
    RowWatch watch(table_);
    std::vector<double> numbers(shape().inputs + shape().target_columns + 2);
    double* const targets = numbers.data() + shape().inputs;
    double* const others = targets + shape().target_columns;
    return line_of_sample(source(), table_.index, row, [&](const Line& line) {
      return parse(line, watch, {numbers.data(), targets, others, others + 1});
    });
  }

  struct ColumnPlan {
    Kind kind = Kind::none;
    ColumnUse::Role role = ColumnUse::Role::none;
    std::size_t slot = 0;  ///< of the first number
    const EncodedColumn* column = nullptr;
    Categories categories = {};

    /// Whether a field becomes one number, and not one for each category.
    bool is_number() const { return kind == Kind::number || role == ColumnUse::Role::target || column->is_token; }
  };

  void plan(std::size_t file_column, const EncodedColumn& column, std::size_t slot) {
    ColumnPlan& result = columns_[file_column];
    result = {column.categories.empty() ? Kind::number : Kind::category, table_.selection.uses[file_column].role, slot,
              &column};
    for (std::size_t i = 0; i < column.categories.size(); ++i) {
      result.categories.emplace(column.categories[i], i);
    }
  }

  /// False for what is no row: the header, a blank line, a row that is dropped.
  bool parse(const Line& line, RowWatch& watch, const RowNumbers& row) const {
    if (watch.look_at(line) != RowWatch::What::row) {
      return false;
    }
    Fields fields(line.file, line.record, table_.layout.separator);
    bool is_complete = true;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const ColumnPlan& column = columns_[i];
      double* const numbers = place_of(column, row);
      if (column.kind != Kind::number || !fields.next_number(*numbers)) {
        is_complete &= take(fields, i, numbers);
      }
    }
    table_.finish(fields);
    return is_complete;
  }

  static double* place_of(const ColumnPlan& column, const RowNumbers& row) {
    switch (column.role) {
      case ColumnUse::Role::target:
        return row.targets + column.slot;
      case ColumnUse::Role::weight:
        return row.weight;
      case ColumnUse::Role::exposure:
        return row.exposure;
      default:
        return row.features + column.slot;
    }
  }

  /// False if the value is missing and its row is dropped for that.
  bool take(Fields& fields, std::size_t i, double* numbers) const {
    const ColumnPlan& column = columns_[i];
    Field field;
    if (!fields.next(field)) {
      table_.fail_count(fields, i, false);
    }
    if (column.kind == Kind::none) {
      return true;
    }
    if (field.is_missing()) {
      if (table_.drops()) {
        return false;
      }
      if (source().any_value) {
        std::fill_n(numbers, column.is_number() ? 1 : column.categories.size(),
                    std::numeric_limits<double>::quiet_NaN());
        return true;
      }
      if (column.column == nullptr || column.column->fill.empty() || !table_.fills()) {
        table_.fail_missing(fields, i, field.position);
      }
      std::ranges::copy(column.column->fill, numbers);
      return true;
    }
    column.kind == Kind::number ? take_number(fields, i, field, numbers) : take_category(fields, i, field, numbers);
    return true;
  }

  void take_number(const Fields& fields, std::size_t i, const Field& field, double* number) const {
    const NumberText result = read_number(field.text);
    if (result.fault != nullptr) {
      table_.fail_number(fields, i, field);
    }
    *number = result.value;
  }

  void take_category(const Fields& fields, std::size_t i, const Field& field, double* numbers) const {
    const ColumnPlan& column = columns_[i];
    auto found = column.categories.find(field.text);
    if (found == column.categories.end() && column.role == ColumnUse::Role::target) {
      found = column.categories.find(class_text(field.text));
    }
    if (found == column.categories.end()) {
      fields.fail(field.position,
                  column.column->name + " holds " + in_quotes(field.text) +
                      ", which is none of the training data's: " + first_of(column.column->categories, 20));
    }
    if (column.is_number()) {
      *numbers = static_cast<double>(found->second);
    } else {
      std::fill_n(numbers, column.categories.size(), 0.0);
      numbers[found->second] = 1.0;
    }
  }

  /// visit(piece)
  template <typename Visit>
  void read_pieces(Range rows, Visit visit) const {
    const std::size_t inputs = shape().inputs;
    const std::size_t target_columns = shape().target_columns;
    const std::uint64_t piece_rows =
        std::min(rows.size(), std::max<std::uint64_t>(1, piece_elements / (inputs + target_columns)));
    std::vector<double> features(piece_rows * inputs);
    std::vector<double> targets(piece_rows * target_columns);
    std::vector<double> weights(piece_rows);
    std::vector<double> exposure(piece_rows);
    std::uint64_t count = 0;
    RowWatch watch(table_);
    walk(source(), table_.index, rows, [&](const Line& line, std::uint64_t row) {
      if (!parse(line, watch,
                 {features.data() + count * inputs, targets.data() + count * target_columns, weights.data() + count,
                  exposure.data() + count})) {
        return false;
      }
      if (row >= rows.first) {
        ++count;
        if (count == piece_rows || row + 1 == rows.last) {
          visit(TablePiece{row + 1 - count,
                           {features.data(), count, inputs},
                           {targets.data(), count, target_columns},
                           std::span(weights).first(count),
                           std::span(exposure).first(count)});
          count = 0;
        }
      }
      return true;
    });
  }

  template <typename Real>
  void read_as(const Standardization& standardization, Samples<Real>& samples) const {
    with_user_errors(source(), [&] {
      const Range rows = samples.rows;
      samples.features.resize(rows.size() * samples.inputs);
      samples.targets.resize(rows.size() * samples.target_columns);
      const auto make_room = [&](const std::string& name, auto& values) {
        values.resize(name.empty() ? 0 : rows.size());
      };
      make_room(source().weights, samples.weights);
      make_room(source().exposure, samples.exposure);
      read_pieces(rows, [&](const TablePiece& piece) {
        const auto fail_in = [&](Part part) {
          return [this, part, first = piece.first](std::uint64_t row, std::uint64_t column, const std::string& what) {
            if (source().any_value) {
              return;
            }
            throw core::UserError(at(source()) + column_name(part, column) + " holds " + what + " at " +
                                  line_of(first + row));
          };
        };
        const std::uint64_t place = piece.first - rows.first;
        const auto convert_one_each = [&](std::span<const double> values, auto& target, Part part) {
          if (!target.empty()) {
            convert(MatrixView<const double>{values.data(), values.size(), 1}, nullptr, target.data() + place,
                    fail_in(part));
          }
        };
        convert(piece.features, standardization.active() ? &standardization : nullptr,
                samples.features.data() + place * samples.inputs, fail_in(Part::features));
        convert(piece.targets, nullptr, samples.targets.data() + place * samples.target_columns,
                fail_in(Part::targets));
        convert_one_each(piece.weights, samples.weights, Part::weights);
        convert_one_each(piece.exposure, samples.exposure, Part::exposure);
      });
    });
  }

  std::string column_name(Part part, std::size_t column) const {
    return part == Part::features  ? feature_names(table_.encoding)[column]
           : part == Part::targets ? table_.encoding.targets[column].name
                                   : name(part);
  }

  Table table_;
  std::vector<ColumnPlan> columns_;  ///< of the file
};

/// Which columns are texts: of the training data by their first values, and where the options say so.
void find_categories(Table& table) {
  for (std::size_t column = 0; column < table.layout.names.size(); ++column) {
    const bool is_named = table.selection.is_category[column];
    const bool is_text = is_named || table.layout.is_text[column];
    const std::string& type = table.source.reading.target_type;
    const std::string& decimal_comma = table.layout.decimal_commas[column];
    if (table.is_used(column) && !is_named && !decimal_comma.empty() && !(table.is_target(column) && type == "class")) {
      throw core::UserError(at(table.source) + "column " + table.layout.names[column] + " holds " +
                            in_quotes(decimal_comma) +
                            ", a number with a decimal comma; write a point instead (or, if it is a category, name the "
                            "column in data.categorical)");
    }
    table.selection.is_category[column] =
        table.is_target(column) ? type == "class" || (type == "auto" && is_text) : is_text;
  }
}

SourceShape shape_of(const Table& table) {
  SourceShape shape;
  shape.rows = table.index.rows;
  shape.target_columns = table.selection.targets.size();
  for (const EncodedColumn& column : table.encoding.features) {
    shape.inputs += column.inputs();
  }
  return shape;
}

}  // namespace

std::unique_ptr<const Reader> open_table(const communication::Communicator& ranks, const Source& source,
                                         const std::string& format, const Encoding& training) {
  if (training.inputs > 0) {
    throw core::UserError(at(source) + "is a table, and the training data were a LIBSVM file").as_agreed();
  }
  Table table{source, {}, {}, training, {}};
  table.index.files = open_text_files(ranks, source);
  table.index.quotes = Quotes::enclose;
  communication::agree(ranks, [&] {
    const core::Doing doing("reading data");
    table.layout = look_at_table(source, table.index.files[0], format);
    table.selection = select_columns(source, table.layout, training);
    find_categories(table);
  });
  const bool is_training = !training.active();
  const TableFindings findings = scan_table(ranks, table, is_training);
  communication::agree_on_root(ranks, [&] {
    if (table.index.rows == 0) {
      throw core::UserError(at(source) + "is empty: it has no rows of data");
    }
  });
  communication::agree(ranks, [&] {
    if (is_training) {
      table.encoding = make_encoding(table, findings);
    }
  });
  tell_of_table(table, findings, is_training);
  const SourceShape shape = shape_of(table);
  return std::make_unique<TableReader>(std::move(table), shape);
}

}  // namespace cauchy::data

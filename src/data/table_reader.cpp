// Tables of text.

#include "cauchy/data/table_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "conversion.hpp"
#include "exact_sum.hpp"
#include "packing.hpp"
#include "table_layout.hpp"
#include "text_index.hpp"
#include "text_number.hpp"

namespace cauchy::data {
namespace {

using linear_algebra::MatrixView;

// A column of more different texts is a name, a date or a comment.
constexpr std::size_t most_categories = 4096;
constexpr std::uint64_t piece_elements = std::uint64_t{1} << 16;

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using Categories = std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>>;

/// The shortest text of a number, so that 1, +1 and 1.0 are one class; any other text as it stands.
std::string class_text(std::string_view text) {
  const NumberText number = read_number(text);
  if (number.fault != nullptr) {
    return std::string(text);
  }
  std::array<char, 32> buffer{};
  const double value = number.value == 0 ? 0.0 : number.value;
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr};
}

/// Numbers in their order before texts in theirs.
bool precedes(const std::string& a, const std::string& b) {
  const NumberText number_a = read_number(a);
  const NumberText number_b = read_number(b);
  if (number_a.fault == nullptr && number_b.fault == nullptr && number_a.value != number_b.value) {
    return number_a.value < number_b.value;
  }
  return (number_a.fault == nullptr) != (number_b.fault == nullptr) ? number_a.fault == nullptr : a < b;
}

/// What one rank, or all of them, have seen in a column.
struct ColumnFindings {
  std::map<std::string, std::uint64_t> texts;  ///< and how often; of columns of text
  ExactSum sum;                                ///< of numbers, for the mean
  std::uint64_t values = 0;
  std::uint64_t missing = 0;
  bool is_signs = true;  ///< a target of which all values so far are 1 or -1
  bool has_plus = false;
  bool has_minus = false;
};

struct Findings {
  std::vector<ColumnFindings> columns;
  std::uint64_t dropped = 0;
  std::uint64_t blank_lines = 0;
  std::uint64_t trailing = 0;  ///< separators
};

std::string pack(const Findings& findings) {
  Packer packer;
  packer.put(findings.dropped);
  packer.put(findings.blank_lines);
  packer.put(findings.trailing);
  for (const ColumnFindings& column : findings.columns) {
    packer.put(std::uint64_t{column.texts.size()});
    for (const auto& [text, count] : column.texts) {
      packer.put(text);
      packer.put(count);
    }
    packer.put(std::uint64_t{column.sum.parts().size()});
    for (const double part : column.sum.parts()) {
      packer.put(part);
    }
    packer.put(column.values);
    packer.put(column.missing);
    packer.put(column.is_signs);
    packer.put(column.has_plus);
    packer.put(column.has_minus);
  }
  return packer.take();
}

void add_packed(const std::string& packed, Findings& findings) {
  Unpacker unpacker(packed);
  findings.dropped += unpacker.get<std::uint64_t>();
  findings.blank_lines += unpacker.get<std::uint64_t>();
  findings.trailing += unpacker.get<std::uint64_t>();
  for (ColumnFindings& column : findings.columns) {
    for (auto count = unpacker.get<std::uint64_t>(); count > 0; --count) {
      const std::string text = unpacker.get_text();
      column.texts[text] += unpacker.get<std::uint64_t>();
    }
    for (auto count = unpacker.get<std::uint64_t>(); count > 0; --count) {
      column.sum.add(unpacker.get<double>());
    }
    column.values += unpacker.get<std::uint64_t>();
    column.missing += unpacker.get<std::uint64_t>();
    column.is_signs &= unpacker.get<bool>();
    column.has_plus |= unpacker.get<bool>();
    column.has_minus |= unpacker.get<bool>();
  }
}

/// How a column of the file is read.
enum class Kind { none, number, category };

/// What the parts of a reader of tables share.
struct Table {
  Source source;
  TableLayout layout;
  TableSelection selection;
  Encoding encoding;
  TextIndex index;

  bool drops() const { return source.reading.missing == "drop" && !source.features_alone && !source.any_value; }
  bool fills() const { return source.reading.missing == "mean" && !source.any_value; }
  bool is_used(std::size_t column) const { return selection.uses[column].role != ColumnUse::Role::none; }
  bool is_feature(std::size_t column) const { return selection.uses[column].role == ColumnUse::Role::feature; }
  bool is_target(std::size_t column) const { return selection.uses[column].role == ColumnUse::Role::target; }

  /// Whether a record is none of the data: blank, a comment, the header. Checks the header.
  bool is_beside_data(const Line& line, Findings* findings) const {
    if (is_comment(layout, line.record)) {
      return true;
    }
    if (is_blank_line(layout, line.record)) {
      if (findings != nullptr) {
        ++findings->blank_lines;
      }
      return true;
    }
    return false;
  }

  [[noreturn]] void fail_missing(const Fields& fields, std::size_t column, const char* position) const {
    if (source.features_alone) {
      fields.fail(position, layout.names[column] + " is missing; its row cannot be predicted");
    }
    fields.fail(position, layout.names[column] + " is missing; data.missing = " +
                              (is_feature(column) ? "mean or drop allows that" : "drop leaves such rows out"));
  }

  [[noreturn]] void fail_number(const Fields& fields, std::size_t column, const Field& field) const {
    const NumberText number = read_number(field.text);
    fields.fail(field.position, layout.names[column] + " holds " + in_quotes(field.text) + ", which " + number.fault +
                                    "; a finite decimal number is expected");
  }

  void fail_count(const Fields& fields, std::size_t found, bool more) const {
    fields.fail(fields.position(), (more ? "more than " + std::to_string(found) : std::to_string(found)) +
                                       " fields in this row; the " + (layout.has_header ? "header" : "first row") +
                                       " has " + std::to_string(layout.names.size()));
  }

  /// Behind the last column: one more separator is passed over.
  void finish(Fields& fields, Findings* findings) const {
    Field field;
    if (!fields.next(field)) {
      return;
    }
    if (!field.text.empty() || field.is_quoted || fields.next(field)) {
      fail_count(fields, layout.names.size(), true);
    }
    if (findings != nullptr) {
      ++findings->trailing;
    }
  }
};

/// The header is the first line with data in a file.
class HeaderWatch {
 public:
  explicit HeaderWatch(const Table& table) : table_(table) {}

  /// Whether the line, which holds data, is the header. Throws core::UserError if a header differs from the first.
  bool is_header(const Line& line) {
    if (line.is_first) {
      awaits_ = table_.layout.has_header;
    }
    if (!awaits_) {
      return false;
    }
    awaits_ = false;
    require_header(line);
    return true;
  }

  /// Blank lines before it do not end the wait.
  void pass(const Line& line) {
    if (line.is_first) {
      awaits_ = table_.layout.has_header;
    }
  }

 private:
  void require_header(const Line& line) const {
    Fields fields(line.file, line.record, table_.layout.separator);
    Field field;
    for (std::size_t column = 0; column < table_.layout.names.size(); ++column) {
      const bool is_there = fields.next(field);
      const std::string& name = table_.layout.names[column];
      if (!is_there || (field.text != name && !(field.text.empty() && name == std::to_string(column + 1)))) {
        fields.fail(is_there ? field.position : fields.position(),
                    "the header has " + (is_there ? in_quotes(field.text) : "no name") + " where that of " +
                        table_.index.files[0].path + " has " + in_quotes(name));
      }
    }
    table_.finish(fields, nullptr);
  }

  const Table& table_;
  bool awaits_ = false;
};

// ---- what the training data tell ----

class Scan {
 public:
  Scan(const Table& table, const std::vector<bool>& collects_texts, bool learns)
      : table_(table), collects_texts_(collects_texts), learns_(learns), header_(table) {
    findings_.columns.resize(table.layout.names.size());
    fields_.resize(table.layout.names.size());
    texts_.resize(table.layout.names.size());
  }

  const Findings& findings() const { return findings_; }

  bool visit(const Line& line) {
    if (table_.is_beside_data(line, &findings_)) {
      header_.pass(line);
      return false;
    }
    if (header_.is_header(line)) {
      return false;
    }
    if (is_settled_) {
      return true;
    }
    split(line);
    if (table_.drops() && is_incomplete()) {
      ++findings_.dropped;
      return false;
    }
    Fields fields(line.file, line.record, table_.layout.separator);
    for (std::size_t column = 0; column < fields_.size(); ++column) {
      if (table_.is_used(column)) {
        note(fields, column);
      }
    }
    is_settled_ = knows_all();
    return true;
  }

 private:
  /// Whether further lines need only be counted: reading them finds the same faults.
  bool knows_all() const {
    if (table_.source.reading.missing != "error") {
      return false;
    }
    bool knows = true;
    for (std::size_t column = 0; learns_ && column < fields_.size(); ++column) {
      knows = knows && !collects_texts_[column] && !(table_.is_target(column) && findings_.columns[column].is_signs);
    }
    return knows;
  }

  void split(const Line& line) {
    Fields fields(line.file, line.record, table_.layout.separator);
    for (std::size_t column = 0; column < fields_.size(); ++column) {
      if (!fields.next(fields_[column])) {
        table_.fail_count(fields, column, false);
      }
      if (fields_[column].is_quoted) {  // what it refers to may be used again
        texts_[column] = fields_[column].text;
        fields_[column].text = texts_[column];
      }
    }
    table_.finish(fields, &findings_);
  }

  bool is_incomplete() const {
    for (std::size_t column = 0; column < fields_.size(); ++column) {
      if (table_.is_used(column) && fields_[column].is_missing()) {
        return true;
      }
    }
    return false;
  }

  void note(const Fields& fields, std::size_t column) {
    const Field& field = fields_[column];
    ColumnFindings& found = findings_.columns[column];
    if (field.is_missing()) {
      ++found.missing;
      if (!table_.source.any_value && (!table_.fills() || !table_.is_feature(column))) {
        table_.fail_missing(fields, column, field.position);
      }
      return;
    }
    ++found.values;
    if (!learns_) {
      return;
    }
    if (collects_texts_[column]) {
      const std::string text = table_.is_target(column) ? class_text(field.text) : std::string(field.text);
      ++found.texts[text];
      if (found.texts.size() > most_categories) {
        fields.fail(field.position, "column " + table_.layout.names[column] + " has more than " +
                                        std::to_string(most_categories) +
                                        " different texts, too many for categories; data.exclude leaves it out");
      }
    } else if (table_.is_target(column) ? found.is_signs : table_.fills() && table_.is_feature(column)) {
      const NumberText number = read_number(field.text);
      if (number.fault != nullptr) {
        table_.fail_number(fields, column, field);
      }
      found.is_signs = found.is_signs && (number.value == 1 || number.value == -1);
      found.has_plus |= number.value == 1;
      found.has_minus |= number.value == -1;
      if (table_.fills() && table_.is_feature(column)) {
        found.sum.add(number.value);
      }
    }
  }

  const Table& table_;
  const std::vector<bool>& collects_texts_;
  bool learns_;  ///< what there is to know of training data
  bool is_settled_ = false;
  HeaderWatch header_;
  Findings findings_;
  std::vector<Field> fields_;
  std::vector<std::string> texts_;
};

EncodedColumn encoded(const Table& table, std::size_t column, const ColumnFindings& found, bool is_category) {
  EncodedColumn result{table.layout.names[column], {}, {}};
  const auto values = static_cast<double>(found.values);
  if (is_category) {
    for (const auto& [text, count] : found.texts) {
      result.categories.push_back(text);
    }
    std::ranges::sort(result.categories, precedes);
    for (std::size_t i = 0; table.fills() && !table.is_target(column) && i < result.categories.size(); ++i) {
      result.fill.push_back(static_cast<double>(found.texts.at(result.categories[i])) / values);
    }
  } else if (table.is_target(column)) {
    if (found.is_signs && found.has_plus && found.has_minus && table.source.reading.target_type == "auto") {
      result.categories = {"-1", "1"};
    }
  } else if (table.fills()) {
    result.fill = {found.sum.value() / values};
  }
  if (result.categories.size() > most_categories) {
    throw core::UserError(at(table.source) + "column " + result.name + " has " +
                          std::to_string(result.categories.size()) +
                          " different texts, too many for categories; data.exclude leaves it out");
  }
  if (found.values == 0) {
    throw core::UserError(at(table.source) + "column " + result.name + " has no values");
  }
  return result;
}

Encoding make_encoding(const Table& table, const Findings& findings, const std::vector<bool>& is_category) {
  Encoding encoding;
  for (const std::size_t column : table.selection.features) {
    encoding.features.push_back(encoded(table, column, findings.columns[column], is_category[column]));
  }
  for (const std::size_t column : table.selection.targets) {
    encoding.targets.push_back(encoded(table, column, findings.columns[column], is_category[column]));
  }
  return encoding;
}

std::string plural(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string joined(const std::vector<std::string>& texts, std::size_t most) {
  std::string result;
  for (std::size_t i = 0; i < std::min(texts.size(), most); ++i) {
    result += (i == 0 ? "" : ", ") + texts[i];
  }
  return result + (texts.size() > most ? ", ..." : "");
}

void tell(const Table& table, const Findings& findings, bool is_training) {
  if (!table.source.tell) {
    return;
  }
  const auto say = [&](const std::string& text) { table.source.tell(at(table.source) + text); };
  if (findings.blank_lines > 0) {
    say("passed over " + plural(findings.blank_lines, "blank line"));
  }
  if (findings.trailing > 0) {
    say("passed over a separator at the end of rows");
  }
  if (findings.dropped > 0) {
    say("dropped " + std::to_string(findings.dropped) + " of " + plural(findings.dropped + table.index.rows, "row") +
        ", in which values are missing");
  }
  for (const std::size_t column : table.selection.features) {
    if (findings.columns[column].missing > 0) {
      say(plural(findings.columns[column].missing, "missing value") + " of " + table.layout.names[column] +
          " became the mean of the training data");
    }
  }
  if (!is_training) {
    return;
  }
  if (table.selection.last_is_target) {
    say("the target is the last column, " + table.encoding.targets[0].name + " (data.targets names another)");
  }
  for (const EncodedColumn& column : table.encoding.features) {
    if (!column.categories.empty()) {
      say("column " + column.name + " became " + plural(column.categories.size(), "input") + ", one for each of " +
          joined(column.categories, 8));
    }
  }
  for (const EncodedColumn& column : table.encoding.targets) {
    if (!column.categories.empty()) {
      say(column.name + " became the classes 0 to " + std::to_string(column.categories.size() - 1) + ": " +
          joined(column.categories, 8));
    }
  }
}

// ---- rows as numbers ----

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
    std::string place;
    HeaderWatch header(table_);
    std::vector<double> numbers(shape().inputs + shape().target_columns + 2);
    double* const targets = numbers.data() + shape().inputs;
    double* const others = targets + shape().target_columns;
    walk(source(), table_.index, {row, row + 1}, [&](const Line& line, std::uint64_t number) {
      const bool is_row = parse(line, header, {numbers.data(), targets, others, others + 1});
      if (is_row && number == row) {
        place = line.file.path + ":" + std::to_string(line.record.line);
      }
      return is_row;
    });
    return place;
  }

  struct ColumnPlan {
    Kind kind = Kind::none;
    ColumnUse::Role role = ColumnUse::Role::none;
    std::size_t slot = 0;  ///< of the first number
    const EncodedColumn* column = nullptr;
    Categories categories = {};
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
  bool parse(const Line& line, HeaderWatch& header, const RowNumbers& row) const {
    if (table_.is_beside_data(line, nullptr)) {
      header.pass(line);
      return false;
    }
    if (header.is_header(line)) {
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
    table_.finish(fields, nullptr);
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
        const bool is_one = column.kind == Kind::number || column.role == ColumnUse::Role::target;
        std::fill_n(numbers, is_one ? 1 : column.categories.size(), std::numeric_limits<double>::quiet_NaN());
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
                      ", which is none of the training data's: " + joined(column.column->categories, 20));
    }
    if (column.role == ColumnUse::Role::target) {
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
    HeaderWatch header(table_);
    walk(source(), table_.index, rows, [&](const Line& line, std::uint64_t row) {
      if (!parse(line, header,
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

// ---- opening ----

/// Which columns are texts: of the training data by their first values, and where the options say so.
std::vector<bool> categories_of(const Table& table) {
  std::vector<bool> result = table.selection.is_category;
  for (std::size_t column = 0; column < result.size(); ++column) {
    if (table.is_target(column)) {
      const std::string& type = table.source.reading.target_type;
      result[column] = type == "class" || (type == "auto" && (result[column] || table.layout.is_text[column]));
    } else {
      result[column] = result[column] || table.layout.is_text[column];
    }
  }
  return result;
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
  std::vector<bool> is_category;
  communication::agree(ranks, [&] {
    const core::Doing doing("reading data");
    table.layout = look_at_table(source, table.index.files[0], format);
    table.selection = select_columns(source, table.layout, training);
    is_category = categories_of(table);
  });
  Scan scan(table, is_category, !training.active());
  build_index(ranks, source, table.index, [&](const Line& line) { return scan.visit(line); });
  Findings findings;
  findings.columns.resize(table.layout.names.size());
  for (const std::string& packed : gather(ranks, pack(scan.findings()))) {
    add_packed(packed, findings);
  }
  communication::agree_on_root(ranks, [&] {
    if (table.index.rows == 0) {
      throw core::UserError(at(source) + "is empty: it has no rows of data");
    }
  });
  communication::agree(ranks, [&] {
    if (!training.active()) {
      table.encoding = make_encoding(table, findings, is_category);
    }
  });
  tell(table, findings, !training.active());
  const SourceShape shape = shape_of(table);
  return std::make_unique<TableReader>(std::move(table), shape);
}

}  // namespace cauchy::data

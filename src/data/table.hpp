#pragma once
/// What the parts of a reader of tables share: the table's files and columns, and the faults that they may have.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cauchy/data/encoding.hpp"
#include "cauchy/data/source.hpp"
#include "table_layout.hpp"
#include "text_index.hpp"

namespace cauchy::data {

struct Table {
  Source source;
  TableLayout layout;
  TableSelection selection;
  Encoding encoding;
  TextIndex index;

  /// What becomes of missing values.
  bool drops() const { return source.reading.missing == "drop" && !source.features_alone && !source.any_value; }
  bool fills() const { return source.reading.missing == "mean" && !source.any_value; }

  bool is_used(std::size_t column) const { return selection.uses[column].role != ColumnUse::Role::none; }
  bool is_feature(std::size_t column) const { return selection.uses[column].role == ColumnUse::Role::feature; }
  bool is_target(std::size_t column) const { return selection.uses[column].role == ColumnUse::Role::target; }
  bool is_token(std::size_t column) const;
  /// Whether something stands for a missing value of this column: there is no mean of tokens.
  bool can_fill(std::size_t column) const { return is_feature(column) && !is_token(column); }

  /// Throw core::UserError with the place. `column`: of the file.
  [[noreturn]] void fail_missing(const Fields& fields, std::size_t column, const char* position) const;
  [[noreturn]] void fail_number(const Fields& fields, std::size_t column, const Field& field) const;
  [[noreturn]] void fail_count(const Fields& fields, std::size_t found, bool more) const;

  /// Behind the last column: one more separator is passed over, and true then. Throws core::UserError if there is more.
  bool finish(Fields& fields) const;
};

/// Which records of a table are rows, told one after the other.
class RowWatch {
 public:
  enum class What { row, header, comment, blank };

  explicit RowWatch(const Table& table) : table_(table) {}

  /// The header is the first line of a file that is neither blank nor a comment. Throws core::UserError if one differs
  /// from the first.
  What look_at(const Line& line);

 private:
  void require_header(const Line& line) const;

  const Table& table_;
  bool awaits_header_ = false;
};

/// The shortest text of a number, so that 1, +1 and 1.0 are one class; any other text as it stands.
std::string class_text(std::string_view text);

/// "A, B, C, ..."
std::string first_of(const std::vector<std::string>& texts, std::size_t most);

}  // namespace cauchy::data

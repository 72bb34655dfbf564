#pragma once
/// Tables of text: what separates fields, what columns are called, and which of them are used.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cauchy/data/encoding.hpp"
#include "cauchy/data/source.hpp"
#include "text_number.hpp"
#include "text_records.hpp"

namespace cauchy::data {

struct Field {
  std::string_view text;  ///< without quotes, and without blanks around it
  const char* position = nullptr;
  bool is_quoted = false;

  /// Nothing, or one of the usual words for that, unless in quotes: NA, N/A, null, ?.
  bool is_missing() const;
};

/// The fields of a record, one after the other.
class Fields {
 public:
  /// A blank as separator stands for any number of blanks and tabs.
  Fields(const TextFile& file, const Record& record, char separator);

  /// False behind the last one. The field lives until the next call. Throws core::UserError if quotes, carriage returns
  /// or zero bytes are where they may not be.
  bool next(Field& field);

  /// The next field as a number, quickly. False, and the field is still to come, if it is anything else.
  bool next_number(double& value);

  /// Throws core::UserError with the place.
  [[noreturn]] void fail(const char* position, const std::string& what) const;

  const char* position() const { return position_; }

 private:
  bool is_blank(char c) const;
  void skip_blanks();
  void finish_field();
  void refuse_controls(const char* begin, const char* end, std::string_view controls) const;
  void take_quoted(Field& field);

  const TextFile& file_;
  const Record& record_;
  char separator_;
  const char* position_;
  const char* end_;
  bool more_ = true;
  std::string unescaped_;  ///< a field with doubled quotes
};

struct TableLayout {
  char separator = ',';
  bool has_header = false;
  bool has_comments = false;                ///< lines that begin with #
  std::vector<std::string> names;           ///< "1", "2", ... where there is no header
  std::vector<bool> is_text;                ///< by the first value that is not missing
  std::vector<std::string> decimal_commas;  ///< that value, if it is a number with a comma as its point
};

/// Whether a line holds nothing but blanks and separators, or is a comment.
bool is_blank_line(const TableLayout& layout, const Record& record);
bool is_comment(const TableLayout& layout, const Record& record);

/// From the first lines of a file. `format`: csv, tsv or table.
TableLayout look_at_table(const Source& source, const TextFile& file, const std::string& format);

/// What a column of the file is used for.
struct ColumnUse {
  enum class Role { none, feature, target, weight, exposure };
  Role role = Role::none;
  std::size_t number = 0;  ///< among those of its role
};

struct TableSelection {
  std::vector<ColumnUse> uses;        ///< of each column of the file
  std::vector<std::size_t> features;  ///< columns of the file
  std::vector<std::size_t> targets;
  std::vector<bool> is_category;  ///< whether a column of the file is asked to be one
  bool last_is_target = false;    ///< since nothing else was said
};

/// By the names, or numbers counted from 1, that the options have; or by those of the training data. Throws
/// core::UserError that lists the columns of the file.
TableSelection select_columns(const Source& source, const TableLayout& layout, const Encoding& training);

}  // namespace cauchy::data

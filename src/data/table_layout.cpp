// Tables of text.

#include "table_layout.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include "cauchy/core/error.hpp"

namespace cauchy::data {
namespace {

constexpr std::uint64_t lines_to_look_at = 1000;
constexpr std::size_t names_to_list = 40;

bool is_number(std::string_view text) {
  return read_number(text).fault == nullptr;
}

std::uint64_t count_outside_quotes(std::string_view text, char what) {
  bool is_inside = false;
  std::uint64_t count = 0;
  for (const char c : text) {
    is_inside ^= c == '"';
    count += c == what && !is_inside ? 1 : 0;
  }
  return count;
}

/// "1,5", where fields are not separated by commas.
bool is_decimal_comma(std::string text, char separator) {
  const std::size_t comma = text.find(',');
  if (separator == ',' || comma == std::string::npos) {
    return false;
  }
  text[comma] = '.';
  return is_number(text);
}

char separator_of(const std::string& format, std::string_view first_line) {
  if (format != "csv") {
    return format == "tsv" ? '\t' : ' ';
  }
  const std::array<char, 3> candidates{',', ';', '\t'};
  return *std::ranges::max_element(candidates, {}, [&](char c) { return count_outside_quotes(first_line, c); });
}

std::vector<std::string> texts_of(const TextFile& file, const Record& record, char separator) {
  std::vector<std::string> texts;
  Fields fields(file, record, separator);
  for (Field field; fields.next(field);) {
    texts.emplace_back(field.text);
  }
  return texts;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), names_to_list); ++i) {
    text += (i > 0 ? ", " : "") + names[i];
  }
  return text + (names.size() > names_to_list ? ", ..." : "");
}

/// The columns of a file, by name.
class Columns {
 public:
  Columns(const Source& source, const TableLayout& layout) : source_(source), layout_(layout) {}

  bool have(const std::string& name) const { return std::ranges::find(layout_.names, name) != layout_.names.end(); }

  /// `what` asks for it: "data.targets".
  std::size_t find(const std::string& name, const std::string& what) const {
    const auto found = std::ranges::find(layout_.names, name);
    if (found != layout_.names.end()) {
      return static_cast<std::size_t>(found - layout_.names.begin());
    }
    std::size_t number = 0;
    const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (code == std::errc() && end == name.data() + name.size() && number >= 1 && number <= layout_.names.size()) {
      return number - 1;
    }
    throw core::UserError(at(source_) + "has no column " + name + " (" + what + "); its columns are " +
                          listed(layout_.names));
  }

 private:
  const Source& source_;
  const TableLayout& layout_;
};

}  // namespace

bool Field::is_missing() const {
  return text.empty() || (!is_quoted && (text == "NA" || text == "N/A" || text == "n/a" || text == "null" ||
                                         text == "NULL" || text == "?"));
}

Fields::Fields(const TextFile& file, const Record& record, char separator)
    : file_(file),
      record_(record),
      separator_(separator),
      position_(record.text.data()),
      end_(record.text.data() + record.text.size()) {
  skip_blanks();
  more_ = position_ != end_ || separator_ != ' ';
}

void Fields::fail(const char* position, const std::string& what) const {
  throw core::UserError(place_in(file_, record_, position) + ": " + what);
}

bool Fields::is_blank(char c) const {
  return c == ' ' || (c == '\t' && separator_ != '\t');
}

void Fields::skip_blanks() {
  while (position_ != end_ && is_blank(*position_)) {
    ++position_;
  }
}

/// What no text holds would end up in names of columns and categories.
void Fields::refuse_controls(const char* begin, const char* end, std::string_view controls) const {
  const char* const found = std::find_first_of(begin, end, controls.begin(), controls.end());
  if (found != end) {
    fail(found, *found == '\0' ? "a zero byte, which no text has"
                               : "a carriage return within a line; lines end in a line feed, or in both");
  }
}

/// Steps over what separates a field from the next one.
void Fields::finish_field() {
  skip_blanks();
  more_ = position_ != end_;
  if (more_ && separator_ != ' ') {
    ++position_;
    skip_blanks();
  }
}

bool Fields::next(Field& field) {
  if (!more_) {
    return false;
  }
  field = {{}, position_, position_ != end_ && *position_ == '"'};
  if (field.is_quoted) {
    take_quoted(field);
    refuse_controls(field.position, position_, {"\0", 1});
    skip_blanks();
    if (separator_ != ' ' ? position_ != end_ && *position_ != separator_ : position_ != end_ && position_[-1] == '"') {
      fail(position_, "text behind a closing quote; a quote within quotes is written twice");
    }
  } else {
    while (position_ != end_ && (separator_ == ' ' ? !is_blank(*position_) : *position_ != separator_)) {
      if (*position_ == '"') {
        fail(position_,
             "a quote within a field that does not begin with one; such a field stands in quotes, and quotes "
             "within it are written twice");
      }
      ++position_;
    }
    refuse_controls(field.position, position_, {"\0\r", 2});
    field.text = trimmed({field.position, static_cast<std::size_t>(position_ - field.position)});
  }
  finish_field();
  return true;
}

void Fields::take_quoted(Field& field) {
  ++position_;
  const char* start = position_;
  bool is_whole = true;
  unescaped_.clear();
  for (;;) {
    position_ = std::find(position_, end_, '"');
    if (position_ == end_) {
      fail(field.position, "a quote that is never closed");
    }
    if (position_ + 1 == end_ || position_[1] != '"') {
      break;
    }
    unescaped_.append(start, position_ + 1);
    is_whole = false;
    position_ += 2;
    start = position_;
  }
  if (!is_whole) {
    unescaped_.append(start, position_);
  }
  field.text = is_whole ? std::string_view(start, static_cast<std::size_t>(position_ - start)) : unescaped_;
  ++position_;
}

bool Fields::next_number(double& value) {
  if (!more_) {
    return false;
  }
  const NumberText number = read_number(position_, end_);
  if (number.fault != nullptr) {
    return false;
  }
  if (number.end != end_ && *number.end != separator_) {
    if (!is_blank(*number.end)) {
      return false;
    }
    if (separator_ != ' ') {
      const char* const rest = std::find_if(number.end, end_, [this](char c) { return !is_blank(c); });
      if (rest != end_ && *rest != separator_) {
        return false;
      }
    }
  }
  value = number.value;
  position_ = number.end;
  finish_field();
  return true;
}

bool is_blank_line(const TableLayout& layout, const Record& record) {
  return std::ranges::all_of(record.text,
                             [&](char c) { return c == ' ' || c == '\t' || c == '\r' || c == layout.separator; });
}

bool is_comment(const TableLayout& layout, const Record& record) {
  return layout.has_comments && trimmed(record.text).starts_with('#');
}

TableLayout look_at_table(const Source& source, const TextFile& file, const std::string& format) {
  TableLayout layout;
  layout.has_comments = format == "table";
  RecordStream stream(file, {0, 0, ~std::uint64_t{0}, 1}, Quotes::enclose);
  Record record;
  std::vector<bool> is_known;
  for (std::uint64_t line = 0; line < lines_to_look_at && stream.next(record); ++line) {
    if (is_comment(layout, record) || trimmed(record.text).empty()) {
      continue;
    }
    if (layout.names.empty()) {
      layout.separator = separator_of(format, record.text);
      std::vector<std::string> texts = texts_of(file, record, layout.separator);
      if (texts.size() > 1 && texts.back().empty()) {
        texts.pop_back();
      }
      layout.has_header =
          source.reading.header == "auto" ? std::ranges::none_of(texts, is_number) : source.reading.header == "true";
      for (std::size_t column = 0; column < texts.size(); ++column) {
        layout.names.push_back(layout.has_header && !texts[column].empty() ? texts[column]
                                                                           : std::to_string(column + 1));
      }
      is_known.resize(texts.size(), false);
      layout.is_text.resize(texts.size(), false);
      layout.decimal_commas.resize(texts.size());
      if (layout.has_header) {
        continue;
      }
    }
    Fields fields(file, record, layout.separator);
    Field field;
    for (std::size_t column = 0; column < is_known.size() && fields.next(field); ++column) {
      if (!is_known[column] && !field.is_missing()) {
        is_known[column] = true;
        layout.is_text[column] = is_text(field.text);
        if (is_decimal_comma(std::string(field.text), layout.separator)) {
          layout.decimal_commas[column] = field.text;
        }
      }
    }
  }
  if (layout.names.empty()) {
    throw core::UserError(file.label + ": is empty");
  }
  for (std::size_t column = 0; column < layout.names.size(); ++column) {
    if (std::ranges::count(layout.names, layout.names[column]) > 1) {
      throw core::UserError(file.label + ": has two columns named " + layout.names[column]);
    }
  }
  return layout;
}

TableSelection select_columns(const Source& source, const TableLayout& layout, const Encoding& training) {
  const Columns columns(source, layout);
  TableSelection selection;
  selection.uses.resize(layout.names.size());
  selection.is_category.resize(layout.names.size(), false);
  for (const std::string& name : split_list(source.reading.categorical)) {
    selection.is_category[columns.find(name, "data.categorical")] = true;
  }
  const auto use = [&](std::size_t column, ColumnUse::Role role, std::vector<std::size_t>& list) {
    if (selection.uses[column].role != ColumnUse::Role::none) {
      throw core::UserError(at(source) + "column " + layout.names[column] +
                            " is named twice in data.features, data.targets, data.weights and data.exposure");
    }
    selection.uses[column] = {role, list.size()};
    list.push_back(column);
  };
  const auto use_as_target = [&](std::size_t column) { use(column, ColumnUse::Role::target, selection.targets); };
  const auto use_as_feature = [&](std::size_t column) { use(column, ColumnUse::Role::feature, selection.features); };
  for (const auto& [name, role, what] : {std::tuple{source.weights, ColumnUse::Role::weight, "data.weights"},
                                         {source.exposure, ColumnUse::Role::exposure, "data.exposure"}}) {
    if (!name.empty()) {
      selection.uses[columns.find(name, what)] = {role, 0};
    }
  }
  if (training.active()) {
    for (std::size_t i = 0; i < training.targets.size() && !source.features_alone; ++i) {
      use_as_target(columns.find(training.targets[i].name, "a target of the training data"));
    }
    for (const EncodedColumn& column : training.features) {
      use_as_feature(columns.find(column.name, "a feature of the training data"));
    }
    return selection;
  }
  std::vector<bool> is_excluded(layout.names.size(), false);
  for (const std::string& name : split_list(source.reading.exclude)) {
    is_excluded[columns.find(name, "data.exclude")] = true;
  }
  const bool all_are_features = source.features.empty() || (source.features == "features" && !columns.have("features"));
  std::vector<std::size_t> features;
  if (!all_are_features) {
    for (const std::string& name : split_list(source.features)) {
      features.push_back(columns.find(name, "data.features"));
    }
  }
  if (source.features_alone) {
    for (const std::string& name : split_list(source.targets)) {
      if (columns.have(name)) {
        is_excluded[columns.find(name, "data.targets")] = true;
      }
    }
  } else if (source.targets.empty() || (source.targets == "targets" && !columns.have("targets"))) {
    std::size_t last = layout.names.size();
    while (last > 0 && (is_excluded[last - 1] || selection.uses[last - 1].role != ColumnUse::Role::none ||
                        std::ranges::find(features, last - 1) != features.end())) {
      --last;
    }
    if (last == 0) {
      throw core::UserError(at(source) + "no column is left for the target; data.targets names it");
    }
    use_as_target(last - 1);
    selection.last_is_target = true;
  } else {
    for (const std::string& name : split_list(source.targets)) {
      use_as_target(columns.find(name, "data.targets"));
    }
  }
  for (std::size_t column = 0; all_are_features && column < layout.names.size(); ++column) {
    if (!is_excluded[column] && selection.uses[column].role == ColumnUse::Role::none) {
      features.push_back(column);
    }
  }
  for (const std::size_t column : features) {
    if (is_excluded[column]) {
      throw core::UserError(at(source) + "column " + layout.names[column] +
                            " is named in data.features and in data.exclude");
    }
    use_as_feature(column);
  }
  if (selection.features.empty()) {
    throw core::UserError(at(source) + "no column is left for features; its columns are " + listed(layout.names));
  }
  return selection;
}

}  // namespace cauchy::data

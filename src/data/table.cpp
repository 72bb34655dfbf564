// What the parts of a reader of tables share.

#include "table.hpp"

#include <algorithm>

#include "text_number.hpp"

namespace cauchy::data {

bool Table::is_token(std::size_t column) const {
  return is_feature(column) &&
         (encoding.active() ? encoding.features[selection.uses[column].number].is_token
                            : selection.is_category[column] && source.reading.categories == "embedded");
}

void Table::fail_missing(const Fields& fields, std::size_t column, const char* position) const {
  if (source.features_alone) {
    fields.fail(position, layout.names[column] + " is missing; its row cannot be predicted");
  }
  fields.fail(position, layout.names[column] + " is missing; data.missing = " +
                            (can_fill(column) ? "mean or drop allows that" : "drop leaves such rows out"));
}

void Table::fail_number(const Fields& fields, std::size_t column, const Field& field) const {
  const NumberText number = read_number(field.text);
  fields.fail(field.position, layout.names[column] + " holds " + in_quotes(field.text) + ", which " + number.fault +
                                  "; a finite decimal number is expected" +
                                  (is_text(field.text) ? ", or data.categorical = " + layout.names[column] +
                                                             " to take the column's texts as categories"
                                                       : ""));
}

void Table::fail_count(const Fields& fields, std::size_t found, bool more) const {
  fields.fail(fields.position(), (more ? "more than " + std::to_string(found) : std::to_string(found)) +
                                     " fields in this row; the " + (layout.has_header ? "header" : "first row") +
                                     " has " + std::to_string(layout.names.size()));
}

bool Table::finish(Fields& fields) const {
  Field field;
  if (!fields.next(field)) {
    return false;
  }
  if (!field.text.empty() || field.is_quoted || fields.next(field)) {
    fail_count(fields, layout.names.size(), true);
  }
  return true;
}

RowWatch::What RowWatch::look_at(const Line& line) {
  if (line.is_first) {
    awaits_header_ = table_.layout.has_header;
  }
  if (is_comment(table_.layout, line.record)) {
    return What::comment;
  }
  if (is_blank_line(table_.layout, line.record)) {
    return What::blank;
  }
  if (awaits_header_) {
    awaits_header_ = false;
    require_header(line);
    return What::header;
  }
  return What::row;
}

void RowWatch::require_header(const Line& line) const {
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
  table_.finish(fields);
}

std::string class_text(std::string_view text) {
  const NumberText number = read_number(text);
  return number.fault != nullptr ? std::string(text) : number_text(number.value == 0 ? 0.0 : number.value);
}

std::string first_of(const std::vector<std::string>& texts, std::size_t most) {
  std::string result;
  for (std::size_t i = 0; i < std::min(texts.size(), most); ++i) {
    result += (i == 0 ? "" : ", ") + texts[i];
  }
  return result + (texts.size() > most ? ", ..." : "");
}

}  // namespace cauchy::data

// A table is read once as a whole.

#include "table_scan.hpp"

#include <algorithm>

#include "packing.hpp"
#include "text_number.hpp"

namespace cauchy::data {
namespace {

std::string pack(const TableFindings& findings) {
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

void add_packed(const std::string& packed, TableFindings& findings) {
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

class Scan {
 public:
  Scan(const Table& table, bool learns) : table_(table), learns_(learns), watch_(table) {
    findings_.columns.resize(table.layout.names.size());
    fields_.resize(table.layout.names.size());
    texts_.resize(table.layout.names.size());
  }

  const TableFindings& findings() const { return findings_; }

  bool visit(const Line& line) {
    const RowWatch::What what = watch_.look_at(line);
    if (what != RowWatch::What::row) {
      findings_.blank_lines += what == RowWatch::What::blank ? 1 : 0;
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
      knows = knows && !table_.selection.is_category[column] &&
              !(table_.is_target(column) && findings_.columns[column].is_signs);
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
    findings_.trailing += table_.finish(fields) ? 1 : 0;
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
      if (!table_.source.any_value && (!table_.fills() || !table_.can_fill(column))) {
        table_.fail_missing(fields, column, field.position);
      }
      return;
    }
    ++found.values;
    if (!learns_) {
      return;
    }
    if (table_.selection.is_category[column]) {
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
  bool learns_;
  bool is_settled_ = false;
  RowWatch watch_;
  TableFindings findings_;
  std::vector<Field> fields_;
  std::vector<std::string> texts_;
};

}  // namespace

TableFindings scan_table(const communication::Communicator& ranks, Table& table, bool learns) {
  Scan scan(table, learns);
  build_index(ranks, table.source, table.index, [&](const Line& line) { return scan.visit(line); });
  TableFindings findings;
  findings.columns.resize(table.layout.names.size());
  for (const std::string& packed : gather(ranks, pack(scan.findings()))) {
    add_packed(packed, findings);
  }
  return findings;
}

}  // namespace cauchy::data

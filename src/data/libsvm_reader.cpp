// LIBSVM files.

#include "cauchy/data/libsvm_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/data/standardization.hpp"
#include "conversion.hpp"
#include "packing.hpp"
#include "text_index.hpp"
#include "text_number.hpp"

namespace cauchy::data {
namespace {

constexpr std::uint64_t most_features = std::uint64_t{1} << 32;
constexpr std::size_t most_classes = 4096;
constexpr std::uint64_t piece_elements = std::uint64_t{1} << 16;
constexpr std::uint64_t most_piece_rows = std::uint64_t{1} << 14;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/// The words of a line, up to a comment.
class Words {
 public:
  explicit Words(const Line& line) : line_(line), next_(line.record.text.data()) {
    const std::string_view text = line.record.text;
    end_ = next_ + std::min(text.find('#'), text.size());
    skip_blanks();
  }

  bool at_end() const { return next_ == end_; }
  const char* position() const { return next_; }
  const char* end() const { return end_; }

  bool begins_with(std::string_view text) const {
    return std::string_view(next_, static_cast<std::size_t>(end_ - next_)).starts_with(text);
  }

  /// Goes on behind a word, which ends there.
  void take(const char* end) {
    if (end != end_ && !is_blank(*end)) {
      fail_word("a blank is expected behind a number");
    }
    next_ = end;
    skip_blanks();
  }

  void skip_word() {
    next_ = std::find_if(next_, end_, is_blank);
    skip_blanks();
  }

  [[noreturn]] void fail(const char* position, const std::string& what) const {
    throw core::UserError(place_in(line_.file, line_.record, position) + ": " + what);
  }

  /// At the word that comes next.
  [[noreturn]] void fail_word(const std::string& what) const {
    const char* const end = std::find_if(next_, end_, is_blank);
    fail(next_, in_quotes({next_, static_cast<std::size_t>(end - next_)}) + ": " + what);
  }

 private:
  void skip_blanks() {
    while (next_ != end_ && is_blank(*next_)) {
      ++next_;
    }
  }

  const Line& line_;
  const char* next_;
  const char* end_ = nullptr;
};

double take_label(Words& words) {
  const NumberText number = read_number(words.position(), words.end());
  if (number.fault != nullptr) {
    words.fail_word(std::string("the label ") + number.fault + "; a line is a label and index:value pairs");
  }
  words.take(number.end);
  if (words.begins_with("qid:")) {
    words.skip_word();
  }
  return number.value;
}

/// The index in front of a colon, which it steps over.
std::uint64_t take_index(Words& words, const char*& position) {
  std::uint64_t index = 0;
  const auto [end, code] = std::from_chars(position, words.end(), index);
  if (end == position || end == words.end() || *end != ':') {
    words.fail_word("index:value is expected, with a whole number as index");
  }
  if (code != std::errc() || index >= most_features) {
    words.fail_word("the index is too large; at most 4294967295 is possible");
  }
  position = end + 1;
  return index;
}

// ---- what the training data tell ----

struct Findings {
  std::uint64_t lowest = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t largest = 0;
  std::uint64_t elements = 0;
  std::uint64_t blank_lines = 0;
  std::uint64_t query_ids = 0;
  bool are_signs = true;    ///< all labels so far are 1 or -1
  std::set<double> labels;  ///< of classes, or the first ones that are signs
};

class Scan {
 public:
  explicit Scan(bool collects_classes) : collects_classes_(collects_classes) {}

  bool visit(const Line& line) {
    Words words(line);
    if (words.at_end()) {
      findings_.blank_lines += line.record.text.find('#') == std::string_view::npos ? 1 : 0;
      return false;
    }
    note_label(words, take_label(words));
    const std::string_view rest(words.position(), static_cast<std::size_t>(words.end() - words.position()));
    const auto pairs = static_cast<std::uint64_t>(std::ranges::count(rest, ':'));
    findings_.elements += pairs;
    findings_.query_ids += line.record.text.find("qid:") != std::string_view::npos ? 1 : 0;
    if (pairs > 0) {
      // The first and the last tell enough: that all ascend is seen when they are read.
      const char* first = words.position();
      note_index(take_index(words, first));
      const std::string_view before_last = rest.substr(0, rest.rfind(':'));
      const std::size_t blank = before_last.find_last_of(" \t");
      std::uint64_t last = 0;
      const char* const start = before_last.data() + (blank == std::string_view::npos ? 0 : blank + 1);
      std::from_chars(start, before_last.data() + before_last.size(), last);
      note_index(std::min(last, most_features - 1));
    }
    return true;
  }

  const Findings& findings() const { return findings_; }

 private:
  void note_index(std::uint64_t index) {
    findings_.lowest = std::min(findings_.lowest, index);
    findings_.largest = std::max(findings_.largest, index);
  }

  void note_label(const Words& words, double label) {
    findings_.are_signs = findings_.are_signs && std::abs(label) == 1;
    if (collects_classes_ || findings_.are_signs) {
      findings_.labels.insert(label == 0 ? 0.0 : label);
      if (findings_.labels.size() > most_classes) {
        words.fail(words.position(), "more than " + std::to_string(most_classes) +
                                         " different labels, too many for classes (data.target_type)");
      }
    }
  }

  bool collects_classes_;
  Findings findings_;
};

std::string pack(const Findings& findings) {
  Packer packer;
  packer.put(findings.lowest);
  packer.put(findings.largest);
  packer.put(findings.elements);
  packer.put(findings.blank_lines);
  packer.put(findings.query_ids);
  packer.put(findings.are_signs);
  packer.put(std::uint64_t{findings.labels.size()});
  for (const double label : findings.labels) {
    packer.put(label);
  }
  return packer.take();
}

void add_packed(const std::string& packed, Findings& findings) {
  Unpacker unpacker(packed);
  findings.lowest = std::min(findings.lowest, unpacker.get<std::uint64_t>());
  findings.largest = std::max(findings.largest, unpacker.get<std::uint64_t>());
  findings.elements += unpacker.get<std::uint64_t>();
  findings.blank_lines += unpacker.get<std::uint64_t>();
  findings.query_ids += unpacker.get<std::uint64_t>();
  findings.are_signs &= unpacker.get<bool>();
  for (auto count = unpacker.get<std::uint64_t>(); count > 0; --count) {
    findings.labels.insert(unpacker.get<double>());
  }
}

Encoding make_encoding(const Source& source, const Findings& findings) {
  Encoding encoding;
  const bool has_features = findings.elements > 0;
  encoding.index_base = source.reading.index_base != ReadingOptions::automatic_base ? source.reading.index_base
                        : has_features && findings.lowest == 0                      ? 0
                                                                                    : 1;
  const std::uint64_t found = has_features ? findings.largest + 1 - std::min(encoding.index_base, findings.largest) : 0;
  encoding.inputs = source.reading.inputs > 0 ? source.reading.inputs : found;
  if (encoding.inputs == 0) {
    throw core::UserError(at(source) + "has no features; data.inputs says how many there would be");
  }
  EncodedColumn label{"label", {}, {}};
  const bool are_signs = findings.are_signs && findings.labels.size() == 2;
  if (source.reading.target_type == "class" || (source.reading.target_type == "auto" && are_signs)) {
    for (const double value : findings.labels) {
      label.categories.push_back(number_text(value));
    }
  }
  encoding.targets = {label};
  return encoding;
}

void tell(const Source& source, const Findings& findings, const Encoding& encoding, bool is_training) {
  if (!source.tell) {
    return;
  }
  const auto say = [&](const std::string& text) { source.tell(at(source) + text); };
  if (findings.blank_lines > 0) {
    say("passed over " + plural(findings.blank_lines, "blank line"));
  }
  if (findings.query_ids > 0) {
    say("passed over the qid of " + std::to_string(findings.query_ids) + " rows");
  }
  if (!is_training) {
    return;
  }
  say("indices count from " + std::to_string(encoding.index_base) +
      (source.reading.index_base != ReadingOptions::automatic_base ? ""
       : encoding.index_base == 0                                  ? ", since there is a 0 (data.index_base)"
                                                                   : ", since there is no 0 (data.index_base)"));
  const std::vector<std::string>& classes = encoding.targets[0].categories;
  if (!classes.empty()) {
    say("labels became the classes 0 to " + std::to_string(classes.size() - 1) + ": " + classes.front() + " to " +
        classes.back());
  }
}

// ---- rows as numbers ----

class LibsvmReader final : public Reader {
 public:
  LibsvmReader(const Source& source, const SourceShape& shape, TextIndex index, Encoding encoding)
      : Reader(source, shape, std::move(encoding)), index_(std::move(index)) {
    for (const std::string& label : this->encoding().targets[0].categories) {
      classes_.push_back(read_number(label).value);
    }
  }

  std::string name(Part part) const override { return part == Part::features ? "the features" : "the label"; }

  std::string place(Part part, std::uint64_t row) const override { return name(part) + " at " + line_of(row); }

  void read(const Standardization& standardization, Samples<float>& samples) const override {
    read_as(standardization, samples);
  }
  void read(const Standardization& standardization, Samples<double>& samples) const override {
    read_as(standardization, samples);
  }

  void for_each_piece(Range rows, const FeatureVisitor& visit) const override {
    with_user_errors(source(), [&] {
      linear_algebra::SparseMatrix<double> piece;
      piece.columns = shape().inputs;
      const auto hand_out = [&](std::uint64_t next_row) {
        visit(next_row - piece.rows(), piece.view());
        piece.starts.resize(1);
        piece.indices.clear();
        piece.values.clear();
      };
      read_rows(rows, nullptr, piece, [&](std::uint64_t row, double /*label*/) {
        if (piece.indices.size() >= piece_elements || piece.rows() >= most_piece_rows || row + 1 == rows.last) {
          hand_out(row + 1);
        }
      });
    });
  }

 private:
  std::string line_of(std::uint64_t row) const {
    return line_of_sample(source(), index_, row, [](const Line& line) { return !Words(line).at_end(); });
  }

  template <typename Real>
  void read_as(const Standardization& standardization, Samples<Real>& samples) const {
    with_user_errors(source(), [&] {
      if (standardization.active() && std::ranges::any_of(standardization.mean, [](double m) { return m != 0; })) {
        throw core::UserError(at(source()) + "is sparse, and the standardisation, of dense data, shifts zeros");
      }
      samples.targets.reserve(samples.rows.size());
      read_rows(samples.rows, standardization.active() ? &standardization : nullptr, samples.sparse_features,
                [&](std::uint64_t row, double label) {
                  if (source().features_alone) {
                    return;
                  }
                  samples.targets.push_back(static_cast<Real>(label));
                  if (!std::isfinite(samples.targets.back())) {
                    throw core::UserError(at(source()) + "the label is " + beyond_range<Real>(label, false) + " at " +
                                          line_of(row));
                  }
                });
    });
  }

  /// Appends the rows of a range to a matrix and calls visit(row, label) behind each.
  template <typename Real, typename Visit>
  void read_rows(Range rows, const Standardization* standardization, linear_algebra::SparseMatrix<Real>& matrix,
                 Visit visit) const {
    walk(source(), index_, rows, [&](const Line& line, std::uint64_t row) {
      Words words(line);
      if (words.at_end()) {
        return false;
      }
      if (row >= rows.first) {
        const char* const start = words.position();
        const double label = take_label(words);
        const double number = source().features_alone ? 0 : target(words, start, label);
        take_features(words, standardization, matrix);
        matrix.starts.push_back(matrix.indices.size());
        visit(row, number);
      }
      return true;
    });
  }

  double target(const Words& words, const char* position, double label) const {
    if (classes_.empty()) {
      return label;
    }
    const auto found = std::ranges::find(classes_, label);
    if (found == classes_.end()) {
      words.fail(position, "the label " + number_text(label) + " is none of the training data's");
    }
    return static_cast<double>(found - classes_.begin());
  }

  template <typename Real>
  void take_features(Words& words, const Standardization* standardization,
                     linear_algebra::SparseMatrix<Real>& matrix) const {
    const std::uint64_t base = encoding().index_base;
    std::uint64_t next = base;  // the lowest index that may follow
    while (!words.at_end()) {
      const char* position = words.position();
      const std::uint64_t index = take_index(words, position);
      if (index < next) {
        words.fail_word(index < base        ? "the index 0, where indices count from 1 (data.index_base)"
                        : index + 1 == next ? "an index that the one before has already"
                                            : "an index that is lower than the one before; they must ascend");
      }
      next = index + 1;
      if (index - base >= shape().inputs) {
        words.fail_word("an index beyond the " + std::to_string(shape().inputs) + " features of the training data; " +
                        "data.inputs = " + std::to_string(index - base + 1) + " there makes room for it");
      }
      const NumberText number = read_number(position, words.end());
      if (number.fault != nullptr) {
        words.fail_word(std::string("the value ") + number.fault);
      }
      const std::uint64_t column = index - base;
      const double value = standardization == nullptr ? number.value : standardization->of(number.value, column);
      matrix.indices.push_back(static_cast<std::uint32_t>(column));
      matrix.values.push_back(static_cast<Real>(value));
      if (!std::isfinite(matrix.values.back())) {
        const std::string what = beyond_range<Real>(value, standardization != nullptr);
        words.fail_word("the value is " + what.substr(0, what.rfind(',')));
      }
      words.take(number.end);
    }
  }

  TextIndex index_;
  std::vector<double> classes_;
};

}  // namespace

std::unique_ptr<const Reader> open_libsvm(const communication::Communicator& ranks, const Source& source,
                                          const Encoding& training) {
  if (training.active() && training.inputs == 0) {
    throw core::UserError(at(source) + "is a LIBSVM file, and the training data were a table").as_agreed();
  }
  refuse_one_each(source);
  TextIndex index;
  index.files = open_text_files(ranks, source);
  Scan scan(!training.active() && source.reading.target_type == "class");
  build_index(ranks, source, index, [&](const Line& line) { return scan.visit(line); });
  Findings findings;
  for (const std::string& packed : gather(ranks, pack(scan.findings()))) {
    add_packed(packed, findings);
  }
  Encoding encoding = training;
  communication::agree(ranks, [&] {
    if (index.rows == 0) {
      throw core::UserError(at(source) + "is empty: it has no rows of data");
    }
    if (!training.active()) {
      encoding = make_encoding(source, findings);
    }
  });
  tell(source, findings, encoding, !training.active());
  const SourceShape shape{index.rows, encoding.inputs, source.features_alone ? 0U : 1U, true, findings.elements};
  return std::make_unique<LibsvmReader>(source, shape, std::move(index), std::move(encoding));
}

}  // namespace cauchy::data

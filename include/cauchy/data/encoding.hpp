#pragma once
/// How columns of text became numbers.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cauchy::data {

/// A column of a table, or the labels of a LIBSVM file.
struct EncodedColumn {
  std::string name;
  /// Of a column of texts, in their order: a feature becomes as many inputs, 1 for its category and 0 for the others; a
  /// target, or a feature that is a token, becomes the number of its category. Empty: the column holds numbers.
  std::vector<std::string> categories;
  /// What stands for a missing value: a number, or one for each category. Empty: nothing does.
  std::vector<double> fill;
  bool is_token = false;  ///< a feature of texts is one input, for model.embedding

  std::size_t inputs() const { return categories.empty() || is_token ? 1 : categories.size(); }
  bool operator==(const EncodedColumn&) const = default;
};

/// How a file of text was read as training data, which all later data must follow. Kept in checkpoints. Of files that
/// hold numbers it knows nothing but what their writer has noted.
///
///     age,colour,grade      features: age; colour: blue, red      inputs  31 0 1    target  1
///     31,red,B              targets:  grade: A, B                         25 1 0            0
///     25,blue,A
struct Encoding {
  std::vector<EncodedColumn> features;  ///< of a table, in the order of the inputs; none for other formats
  std::vector<EncodedColumn> targets;
  std::uint64_t inputs = 0;      ///< of LIBSVM: the largest index, counted from 1; 0: not LIBSVM
  std::uint64_t index_base = 0;  ///< of LIBSVM: the index of the first feature

  bool active() const { return !features.empty() || !targets.empty() || inputs > 0; }
  bool operator==(const Encoding&) const = default;
};

/// "age", "colour=blue", "colour=red", or "colour" of tokens: a name for each input. Empty where there are none.
std::vector<std::string> feature_names(const Encoding& encoding);

/// Of the classes 0, 1, 2, ...; empty where targets are numbers, or there are several.
std::vector<std::string> class_names(const Encoding& encoding);

/// As text, one line for each column, and back. Throws core::UserError, beginning with `where`, if it is no such text.
std::string encoding_text(const Encoding& encoding);
Encoding parse_encoding(std::string_view text, const std::string& where);

}  // namespace cauchy::data

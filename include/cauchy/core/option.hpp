#pragma once
/// How a room describes its options: name, default, unit, range and help stand together at the member.
///
/// A room owns a plain struct and lists its members once; configuration, help, validation and the resolved text all
/// come from that list:
///
///     struct StopOptions {
///       std::uint64_t max_steps = 0;
///
///       template <typename Visitor>
///       void visit(Visitor&& option) {
///         option("max_steps", max_steps, core::at_least(1).or_word("none", 0), core::Role::run,
///                "stop after this many steps");
///       }
///     };
///
/// Members may be bool, std::uint64_t, double, std::string, or a std::vector of std::uint64_t, double or
/// std::string.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace cauchy::core {

/// What an option decides, which says whether a checkpoint keeps it and whether a resumed run may change it.
enum class Role {
  problem,  ///< determines the parameters: kept in the checkpoint, must be the same on resume
  data,     ///< where data come from: kept in the checkpoint, may be another place on resume
  run,      ///< how, how long and where the run goes: not kept, free to change
};

/// The values that an option accepts.
struct Constraint {
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  bool minimum_excluded = false;
  bool maximum_excluded = false;
  std::vector<std::string> choices;  ///< for strings; empty: any
  std::string word;                  ///< a word that stands for word_value, such as "full" or "none"; empty: no word
  std::uint64_t word_value = 0;
  bool memory_limit = false;  ///< for strings: what parse_memory_limit() reads

  /// The same constraint, which also accepts a word in place of the number `value`.
  Constraint or_word(std::string text, std::uint64_t value) const {
    Constraint wider = *this;
    wider.word = std::move(text);
    wider.word_value = value;
    return wider;
  }
};

inline Constraint anything() {
  return {};
}
inline Constraint at_least(double minimum) {
  Constraint constraint;
  constraint.minimum = minimum;
  return constraint;
}
inline Constraint above(double minimum) {
  Constraint constraint = at_least(minimum);
  constraint.minimum_excluded = true;
  return constraint;
}
/// minimum ≤ value ≤ maximum.
inline Constraint between(double minimum, double maximum) {
  Constraint constraint = at_least(minimum);
  constraint.maximum = maximum;
  return constraint;
}
/// minimum ≤ value < maximum.
inline Constraint from_below(double minimum, double maximum) {
  Constraint constraint = between(minimum, maximum);
  constraint.maximum_excluded = true;
  return constraint;
}
/// A text that parse_memory_limit() reads.
inline Constraint memory_limit() {
  Constraint constraint;
  constraint.memory_limit = true;
  return constraint;
}
inline Constraint one_of(std::vector<std::string> choices) {
  Constraint constraint;
  constraint.choices = std::move(choices);
  return constraint;
}

}  // namespace cauchy::core

#pragma once
/// Whether descent has run away, long before numbers overflow.

#include <cstdint>

namespace cauchy::optimize {

/// Descent on a function that has a minimum comes near it, or its steps are too long; on one that has none, such as a
/// saddle, it never ends. Either way J moves away from where it began while its gradient grows. Steps that are far off:
/// |J - J₁| > f·max(1, |J₁|) and ‖∇J‖ > 10·‖∇J₁‖, with those of the start and a factor f, such as
/// 1000, and J is further away than after the step before; enough are five of them in a row.
/// A sum of errors that only begins large comes down from J₁, and a gradient that grows on the way from a flat start
/// meets no such J.
struct Divergence {
  static constexpr double steep = 10;
  static constexpr std::uint64_t enough = 5;

  double first_value = 0;     ///< J₁
  double first_norm = 0;      ///< ‖∇J₁‖
  double last_value = 0;      ///< J of the last step
  std::uint64_t far_off = 0;  ///< the last steps, in a row

  /// Whether J alone is.
  bool is_far(double value, double factor) const;

  /// Where it begins, before the first step.
  void start(double value, double norm);

  /// After a step. True if descent has run away.
  bool note(double value, double norm, double factor);

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& field) {
    auto& [first_value, first_norm, last_value, far_off] = self;
    field("first_value", first_value);
    field("first_norm", first_norm);
    field("last_value", last_value);
    field("far_off", far_off);
  }
  bool operator==(const Divergence&) const = default;
};

}  // namespace cauchy::optimize

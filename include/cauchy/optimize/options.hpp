#pragma once
/// What the user decides about the method: section [optimizer].

#include <string>

#include "cauchy/core/option.hpp"

namespace cauchy::optimize {

struct MethodOptions {
  std::string method = "gradient_descent";
  double learning_rate = 0.1;  ///< ε
  double momentum = 0.9;       ///< μ of the momentum method

  template <typename Visitor>
  void visit(Visitor&& option) {
    using core::Role;
    option("method", method, core::one_of({"gradient_descent", "momentum"}), Role::problem, "update rule");
    option("learning_rate", learning_rate, core::above(0), Role::problem, "ε of x ← x - ε·∇J(x), constant");
    option("momentum", momentum, core::between(0, 1), Role::problem,
           "μ of the momentum method: v ← μ·v + ∇J(x), x ← x - ε·v");
  }
};

}  // namespace cauchy::optimize

// The choice of a method.

#include "cauchy/optimize/method.hpp"

#include <stdexcept>
#include <utility>

#include "adaptive_rules.hpp"
#include "cauchy/core/error.hpp"
#include "descent.hpp"
#include "lamb.hpp"
#include "momentum_rules.hpp"
#include "update_rule.hpp"

namespace cauchy::optimize {
namespace {

template <typename Real, typename Rule>
std::unique_ptr<Method<Real>> of_elements(Rule rule, RuleSettings settings, const std::string& name) {
  if (settings.l1 > 0 && rule.proximal_factor() == 0) {
    throw core::UserError("model.l1 with optimizer.method = " + name +
                          ": it has no proximal step; gradient_descent, momentum and nesterov have");
  }
  return std::make_unique<ElementRule<Real, Rule>>(rule, std::move(settings));
}

template <typename Real>
std::unique_ptr<Method<Real>> searching(const MethodOptions& options, double l1) {
  const std::string& name = options.method;
  if (l1 > 0) {
    throw core::UserError("model.l1 with optimizer.method = " + name +
                          ": its objective has kinks, where a line search ends; gradient_descent, momentum and "
                          "nesterov have a proximal step for it");
  }
  if (options.clip_norm > 0 || options.clip_value > 0) {
    throw core::UserError("optimizer.clip_norm and clip_value with optimizer.method = " + name +
                          ": its line search needs the gradient as it is, and takes no step too far");
  }
  if (options.sharded) {
    throw core::UserError("optimizer.sharded with optimizer.method = " + name +
                          ": its searches need whole vectors on every rank; gradient_descent, momentum, nesterov, "
                          "adagrad, rmsprop, adam, adamw and lamb update theirs in parts");
  }
  return name == "backtracking"         ? make_backtracking<Real>()
         : name == "barzilai_borwein"   ? make_barzilai_borwein<Real>()
         : name == "conjugate_gradient" ? make_conjugate_gradient<Real>()
         : name == "lbfgs"              ? make_lbfgs<Real>(options.pairs)
                                        : make_newton_cg<Real>();
}

}  // namespace

template <typename Real>
std::unique_ptr<Method<Real>> make_method(const MethodOptions& options, double l1, std::vector<Slice> slices,
                                          Share share) {
  RuleSettings settings{std::move(slices), options.decay_of_weights(), l1, share};
  const AdamDirection adam{options.beta1, options.beta2, options.epsilon};
  const std::string& name = options.method;
  if (name == "gradient_descent") {
    return of_elements<Real>(GradientDescent{}, std::move(settings), name);
  }
  if (name == "momentum") {
    return of_elements<Real>(Momentum<false>{options.momentum}, std::move(settings), name);
  }
  if (name == "nesterov") {
    return of_elements<Real>(Momentum<true>{options.momentum}, std::move(settings), name);
  }
  if (name == "adagrad") {
    return of_elements<Real>(RootOfSquares{1, 1, options.epsilon}, std::move(settings), name);
  }
  if (name == "rmsprop") {
    return of_elements<Real>(RootOfSquares{options.beta2, 1 - options.beta2, options.epsilon}, std::move(settings),
                             name);
  }
  if (name == "adam" || name == "adamw") {
    return of_elements<Real>(Adam{adam}, std::move(settings), name);
  }
  if (name == "lamb") {
    if (l1 > 0) {
      throw core::UserError("model.l1 with optimizer.method = lamb: it has no proximal step");
    }
    return std::make_unique<Lamb<Real>>(adam, std::move(settings));
  }
  if (options.searches()) {
    return searching<Real>(options, l1);
  }
  throw std::invalid_argument("no method " + name);
}

template std::unique_ptr<Method<float>> make_method(const MethodOptions&, double, std::vector<Slice>, Share);
template std::unique_ptr<Method<double>> make_method(const MethodOptions&, double, std::vector<Slice>, Share);

}  // namespace cauchy::optimize

// The end of a residual block.

#include <algorithm>

#include "hidden_parts.hpp"
#include "rows.hpp"

namespace cauchy::model {
namespace {

using linear_algebra::MatrixView;

/// y = x + h, where h comes from the part before and x is what went into the first part of this hidden layer. Identity
/// shortcuts: K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", CVPR 2016, equation
/// 1; with nothing behind the sum, as in "Identity mappings in deep residual networks", ECCV 2016 (arXiv:1603.05027).
template <typename Real>
class Residual final : public Layer<Real> {
 public:
  explicit Residual(std::size_t width) : width_(width) {}

  std::size_t inputs() const override { return width_; }
  std::size_t outputs() const override { return width_; }
  bool adds_shortcut() const override { return true; }

  void initialize(std::span<Real> /*theta*/, std::uint64_t /*seed*/) const override {}

  void forward(const Parameters<Real>& /*parameters*/, const LayerPass<Real>& pass,
               linear_algebra::Products<Real>& /*products*/) const override {
    for_each_chunk(pass.output.rows, [&](std::size_t first, std::size_t count) {
      const MatrixView<Real> output = pass.output.middle_rows(first, count);
      const Real* const h = pass.input.row(first);
      const Real* const x = pass.shortcut.row(first);
      for (std::size_t i = 0; i < output.size(); ++i) {
        output.data[i] = x[i] + h[i];
      }
      round_rows<Real>(output, first, pass.rounded.output);
    });
  }

  /// The derivative by x is d_output too: the network adds it to what the first part hands down.
  void backward(const Parameters<Real>& /*parameters*/, const LayerPass<Real>& pass,
                const GradientBuffer<Real>& /*gradient*/, linear_algebra::Products<Real>& /*products*/) const override {
    std::ranges::copy(pass.d_output.elements(), pass.d_input.data);
  }

  bool has_tangents() const override { return true; }

  /// Linear: tangents go the way of what they belong to.
  void forward_tangent(const Parameters<Real>& /*parameters*/, const LayerPass<Real>& /*pass*/,
                       const Parameters<Real>& direction, const LayerPass<Real>& tangent,
                       linear_algebra::Products<Real>& products) const override {
    forward(direction, tangent, products);
  }

  void backward_tangent(const Parameters<Real>& parameters, const LayerPass<Real>& pass,
                        const Parameters<Real>& direction, const LayerPass<Real>& tangent,
                        const GradientBuffer<Real>& product, linear_algebra::Products<Real>& products) const override {
    backward(parameters, pass, product, products);
    backward(direction, tangent, product, products);
  }

 private:
  std::size_t width_;
};

}  // namespace

template <typename Real>
std::unique_ptr<Layer<Real>> hidden_residual(const HiddenPlace& place) {
  if (!place.options.residual || place.first_of_all || place.layer_inputs != place.width()) {
    return nullptr;
  }
  return std::make_unique<Residual<Real>>(place.inputs);
}

template std::unique_ptr<Layer<float>> hidden_residual(const HiddenPlace&);
template std::unique_ptr<Layer<double>> hidden_residual(const HiddenPlace&);

}  // namespace cauchy::model

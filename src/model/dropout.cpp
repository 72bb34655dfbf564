// Dropout: each unit of a sample is passed on or not, at random.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "cauchy/core/random.hpp"
#include "hidden_parts.hpp"
#include "rows.hpp"

namespace cauchy::model {
namespace {

using linear_algebra::MatrixView;

/// y = x·m, where m is 0 with probability p and else 1/(1 - p), so that the mean of y is x: inverted dropout, after N.
/// Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, JMLR 15 (2014). m is a function of (seed,
/// epoch, sample, hidden layer, unit) alone. A pass without keys, as in evaluation, hands x on. p is rounded to a
/// multiple of 2^-16.
template <typename Real>
class Dropout final : public Layer<Real> {
 public:
  Dropout(std::size_t width, std::size_t number, double rate)
      : width_(width),
        number_(static_cast<std::uint32_t>(number)),
        threshold_(static_cast<std::uint32_t>(std::min(std::round(rate * 0x1p16), 0x1p16 - 1))),
        scale_(static_cast<Real>(1 / (1 - threshold_ * 0x1p-16))) {}

  std::size_t inputs() const override { return width_; }
  std::size_t outputs() const override { return width_; }
  std::size_t kept_columns() const override { return width_; }

  void initialize(std::span<Real> /*theta*/, std::uint64_t /*seed*/) const override {}

  void forward(const Parameters<Real>& /*parameters*/, const LayerPass<Real>& pass,
               linear_algebra::Products<Real>& /*products*/) const override {
    for_each_chunk(pass.output.rows, [&](std::size_t first, std::size_t count) {
      if (pass.keys != nullptr) {
        draw(*pass.keys, first, pass.kept.middle_rows(first, count));
      }
      hand_on(pass, pass.input, pass.output, first, count);
      round_rows<Real>(pass.output.middle_rows(first, count), first, pass.rounded.output);
    });
  }

  void backward(const Parameters<Real>& /*parameters*/, const LayerPass<Real>& pass,
                const GradientBuffer<Real>& /*gradient*/, linear_algebra::Products<Real>& /*products*/) const override {
    for_each_chunk(pass.d_output.rows, [&](std::size_t first, std::size_t count) {
      hand_on(pass, pass.d_output, pass.d_input, first, count);
    });
  }

  bool has_tangents() const override { return true; }

  /// With the mask that forward has drawn.
  void forward_tangent(const Parameters<Real>& /*parameters*/, const LayerPass<Real>& pass,
                       const Parameters<Real>& /*direction*/, const LayerPass<Real>& tangent,
                       linear_algebra::Products<Real>& /*products*/) const override {
    for_each_chunk(tangent.output.rows, [&](std::size_t first, std::size_t count) {
      hand_on(pass, tangent.input, tangent.output, first, count);
      round_rows<Real>(tangent.output.middle_rows(first, count), first, tangent.rounded.output);
    });
  }

  void backward_tangent(const Parameters<Real>& /*parameters*/, const LayerPass<Real>& pass,
                        const Parameters<Real>& /*direction*/, const LayerPass<Real>& tangent,
                        const GradientBuffer<Real>& /*product*/,
                        linear_algebra::Products<Real>& /*products*/) const override {
    for_each_chunk(pass.d_output.rows, [&](std::size_t first, std::size_t count) {
      hand_on(pass, pass.d_output, pass.d_input, first, count);
      hand_on(pass, tangent.d_output, tangent.d_input, first, count);
    });
  }

 private:
  // Units whose random bits are drawn at once, 16 each, from words whose lower halves belong to the first units.
  static constexpr std::size_t piece = 128;
  static constexpr std::size_t words = piece / 2;

  /// Some rows, times the mask of a pass if it has one.
  static void hand_on(const LayerPass<Real>& pass, MatrixView<const Real> from, MatrixView<Real> to, std::size_t first,
                      std::size_t count) {
    const std::span<Real> values = to.middle_rows(first, count).elements();
    std::ranges::copy(from.middle_rows(first, count).elements(), values.begin());
    if (pass.keys != nullptr) {
      const std::span<const Real> mask = pass.kept.middle_rows(first, count).elements();
      for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] *= mask[i];
      }
    }
  }

  /// The mask of samples `first` and the following ones.
  void draw(const RandomKeys& keys, std::size_t first, MatrixView<Real> mask) const {
    core::RandomStream stream(keys.seed, core::Purpose::dropout, number_, static_cast<std::uint32_t>(keys.epoch));
    const core::PhiloxKey key{stream.next32(), stream.next32()};
    std::array<std::uint32_t, words> bits;
    std::array<Real, piece> factors;
    for (std::size_t i = 0; i < mask.rows; ++i) {
      const std::uint64_t sample = keys.first_row + keys.rows[first + i];
      for (std::size_t unit = 0; unit < width_; unit += piece) {
        core::fill_random(bits, key, static_cast<std::uint32_t>(unit / piece * (words / 4)), sample);
        for (std::size_t j = 0; j < words; ++j) {
          factors[j] = (bits[j] & 0xffff) < threshold_ ? Real{0} : scale_;
          factors[words + j] = bits[j] >> 16 < threshold_ ? Real{0} : scale_;
        }
        std::copy_n(factors.data(), std::min(piece, width_ - unit), mask.row(i) + unit);
      }
    }
  }

  std::size_t width_;
  std::uint32_t number_;
  std::uint32_t threshold_;  ///< p·2^16
  Real scale_;
};

}  // namespace

template <typename Real>
std::unique_ptr<Layer<Real>> hidden_dropout(const HiddenPlace& place) {
  if (place.options.dropout == 0) {
    return nullptr;
  }
  return std::make_unique<Dropout<Real>>(place.inputs, place.number, place.options.dropout);
}

template std::unique_ptr<Layer<float>> hidden_dropout(const HiddenPlace&);
template std::unique_ptr<Layer<double>> hidden_dropout(const HiddenPlace&);

}  // namespace cauchy::model

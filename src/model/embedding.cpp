// The embedding: a vector for each token.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cauchy/core/random.hpp"
#include "cauchy/model/layer.hpp"
#include "number_text.hpp"
#include "rows.hpp"

namespace cauchy::model {
namespace {

using linear_algebra::MatrixView;
using linear_algebra::Write;

/// Where an input goes.
struct Column {
  Tensor table;  ///< (vocabulary × width); of no size where a number passes as it is
  std::size_t vocabulary = 0;
  std::size_t output = 0;  ///< the first column of the output that it fills
};

template <typename Real>
class Embedding final : public Layer<Real> {
 public:
  Embedding(ParameterLayout& layout, std::size_t inputs, std::span<const std::uint64_t> vocabulary, std::size_t width)
      : width_(width), columns_(inputs) {
    const bool is_shared = vocabulary.size() == 1;
    if (is_shared) {
      tables_.push_back(layout[layout.add("embedding", "table", {vocabulary[0], width}, TensorKind::weights)]);
    }
    for (std::size_t i = 0; i < inputs; ++i) {
      Column& column = columns_[i];
      column.vocabulary = vocabulary[is_shared ? 0 : i];
      column.output = outputs_;
      if (!is_shared && column.vocabulary > 0) {
        tables_.push_back(layout[layout.add("embedding", "table_" + std::to_string(i), {column.vocabulary, width},
                                            TensorKind::weights)]);
      }
      if (column.vocabulary > 0) {
        column.table = tables_.back();
      }
      outputs_ += column.vocabulary > 0 ? width : 1;
    }
  }

  std::size_t inputs() const override { return columns_.size(); }
  std::size_t outputs() const override { return outputs_; }

  void initialize(std::span<Real> theta, std::uint64_t seed) const override {
    for (const Tensor& table : tables_) {
      core::RandomStream random(seed, core::Purpose::initialization, static_cast<std::uint32_t>(table.index), 0);
      for (Real& element : part(theta, table)) {
        element = static_cast<Real>(std::sqrt(3.0) * (2 * random.uniform() - 1));
      }
    }
  }

  void forward(const Parameters<Real>& parameters, const LayerPass<Real>& pass,
               linear_algebra::Products<Real>& /*products*/) const override {
    put_out(
        parameters, pass.input, [](Real number) { return number; }, pass);
  }

  void backward(const Parameters<Real>& /*parameters*/, const LayerPass<Real>& pass,
                const GradientBuffer<Real>& gradient, linear_algebra::Products<Real>& /*products*/) const override {
    add_to_tables(pass.input, pass.d_output, gradient);
  }

  bool has_tangents() const override { return true; }

  /// The direction's vectors; numbers that pass as they are do not change.
  void forward_tangent(const Parameters<Real>& /*parameters*/, const LayerPass<Real>& pass,
                       const Parameters<Real>& direction, const LayerPass<Real>& tangent,
                       linear_algebra::Products<Real>& /*products*/) const override {
    put_out(
        direction, pass.input, [](Real /*number*/) { return Real{0}; }, tangent);
  }

  void backward_tangent(const Parameters<Real>& /*parameters*/, const LayerPass<Real>& pass,
                        const Parameters<Real>& /*direction*/, const LayerPass<Real>& tangent,
                        const GradientBuffer<Real>& product,
                        linear_algebra::Products<Real>& /*products*/) const override {
    add_to_tables(pass.input, tangent.d_output, product);
  }

  bool takes_every_number() const override { return false; }
  std::string input_fault(std::span<const Real> sample) const override {
    for (std::size_t i = 0; i < sample.size(); ++i) {
      const std::size_t vocabulary = columns_[i].vocabulary;
      const auto value = static_cast<double>(sample[i]);
      // In this form NaN is a fault.
      if (vocabulary > 0 && !(value >= 0 && value < static_cast<double>(vocabulary) && value == std::floor(value))) {
        return "column " + std::to_string(i) + " holds " + number_text(sample[i]) + ", which is no token 0, 1, ..., " +
               std::to_string(vocabulary - 1) + " (model.vocabulary)";
      }
    }
    return {};
  }

 private:
  /// The vectors of a table, and a function of the numbers that have none.
  template <typename Function>
  void put_out(const Parameters<Real>& tables, MatrixView<const Real> input, Function of_number,
               const LayerPass<Real>& pass) const {
    for_each_chunk(pass.output.rows, [&](std::size_t first, std::size_t count) {
      for (std::size_t row = first; row < first + count; ++row) {
        for (std::size_t i = 0; i < columns_.size(); ++i) {
          const Column& column = columns_[i];
          const Real value = input(row, i);
          Real* const output = pass.output.row(row) + column.output;
          if (column.vocabulary == 0) {
            *output = of_number(value);
          } else {
            std::copy_n(part(tables.theta, column.table).data() + place(value), width_, output);
          }
        }
      }
      round_rows<Real>(pass.output.middle_rows(first, count), first, pass.rounded.output);
    });
  }

  /// Sample by sample, column by column.
  void add_to_tables(MatrixView<const Real> input, MatrixView<const Real> derivative,
                     const GradientBuffer<Real>& gradient) const {
    if (gradient.write == Write::overwrite) {
      for (const Tensor& table : tables_) {
        std::ranges::fill(part(gradient.values, table), Real{0});
      }
    }
    for (std::size_t row = 0; row < derivative.rows; ++row) {
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        const Column& column = columns_[i];
        if (column.vocabulary > 0) {
          add_elements<Real>({derivative.row(row) + column.output, width_},
                             part(gradient.values, column.table).subspan(place(input(row, i)), width_));
        }
      }
    }
    for (std::size_t table = tables_.size(); table-- > 0;) {
      hand_out(tables_[table], gradient);
    }
  }

  /// Of a token's vector in its table.
  std::size_t place(Real token) const { return static_cast<std::size_t>(token) * width_; }

  std::size_t width_;
  std::size_t outputs_ = 0;
  std::vector<Column> columns_;  ///< by input
  std::vector<Tensor> tables_;
};

}  // namespace

template <typename Real>
std::unique_ptr<Layer<Real>> make_embedding(ParameterLayout& layout, std::size_t inputs,
                                            std::span<const std::uint64_t> vocabulary, std::size_t width) {
  return std::make_unique<Embedding<Real>>(layout, inputs, vocabulary, width);
}

template std::unique_ptr<Layer<float>> make_embedding(ParameterLayout&, std::size_t, std::span<const std::uint64_t>,
                                                      std::size_t);
template std::unique_ptr<Layer<double>> make_embedding(ParameterLayout&, std::size_t, std::span<const std::uint64_t>,
                                                       std::size_t);

}  // namespace cauchy::model

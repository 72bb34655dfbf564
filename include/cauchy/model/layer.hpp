#pragma once
/// One step of the network: (Θ, input) → output, and back.

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/bf16.hpp"
#include "cauchy/linear_algebra/matrix_view.hpp"
#include "cauchy/linear_algebra/product.hpp"
#include "cauchy/linear_algebra/sparse.hpp"
#include "cauchy/model/activation.hpp"
#include "cauchy/model/gradient_sink.hpp"
#include "cauchy/model/layout.hpp"

namespace cauchy::model {

/// Θ, and perhaps the same rounded for products whose operands are: products that find none round for themselves.
template <typename Real>
struct Parameters {
  std::span<const Real> theta;                    ///< the whole flat vector, on a 64-byte border
  const linear_algebra::Bf16* rounded = nullptr;  ///< as long

  // NOLINTNEXTLINE(google-explicit-constructor): Θ alone is enough
  Parameters(std::span<const Real> values, const linear_algebra::Bf16* rounded_values = nullptr)
      : theta(values), rounded(rounded_values) {}
  // NOLINTNEXTLINE(google-explicit-constructor): as above
  Parameters(const linear_algebra::AlignedVector<Real>& values) : theta(values) {}
};

/// Operands of a layer's products, rounded once for several of them; null where operands are as they are.
struct RoundedPass {
  const linear_algebra::Bf16* input = nullptr;  ///< (samples × inputs)
  linear_algebra::Bf16* output = nullptr;       ///< (samples × outputs), written by forward; null for the last layer
  linear_algebra::Bf16* derivative = nullptr;   ///< (samples × outputs), for backward to work with
};

/// What the random numbers of a training pass are functions of, beside the layer and the unit: the same on any number
/// of ranks and threads, in microbatches of any size, and when a step is repeated.
struct RandomKeys {
  std::uint64_t seed = 0;
  std::uint64_t epoch = 0;
  std::uint64_t first_row = 0;          ///< of a shard in the training data
  std::span<const std::uint32_t> rows;  ///< of each sample, counted from there
};

/// What a layer works on for one microbatch; the network owns the memory. All data start on 64-byte borders. forward
/// reads and writes the first three; backward reads them as forward left them.
template <typename Real>
struct LayerPass {
  linear_algebra::MatrixView<const Real> input;  ///< (samples × inputs), no data where sparse_input is in its place
  linear_algebra::MatrixView<Real> output;       ///< (samples × outputs)
  linear_algebra::MatrixView<Real> kept;         ///< (samples × kept_columns), from forward to backward
  linear_algebra::MatrixView<Real> d_output;     ///< (samples × outputs), consumed by backward
  linear_algebra::MatrixView<Real> d_input;      ///< (samples × inputs), no data for the first layer
  /// Whether a dense layer adds to d_input, as below a residual block; all others overwrite it.
  linear_algebra::Write write_d_input = linear_algebra::Write::overwrite;
  linear_algebra::MatrixView<const Real> shortcut;  ///< (samples × inputs), of a layer that adds_shortcut
  const RandomKeys* keys = nullptr;                 ///< of training; without keys nothing is random
  RoundedPass rounded;
  linear_algebra::SparseView<Real> sparse_input;  ///< (samples × inputs), for the first layer if features are sparse
};

/// A function of its own tensors and an input, with hand-written derivative. It holds no parameters and no state, so
/// that threads may share it. Parameters and gradient are the whole flat vectors, on 64-byte borders. forward and
/// backward allocate nothing of their own.
template <typename Real>
class Layer {
 public:
  Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;
  virtual ~Layer() = default;

  virtual std::size_t inputs() const = 0;
  virtual std::size_t outputs() const = 0;
  /// What forward keeps for backward beside the output, in numbers a sample.
  virtual std::size_t kept_columns() const { return 0; }
  /// Whether the input is an operand of products, and rounded where operands are.
  virtual bool multiplies() const { return false; }
  /// Whether it adds what goes into the first part of its hidden layer, so that d_output is also a derivative by that.
  virtual bool adds_shortcut() const { return false; }

  /// Whether features may be any numbers, so that nobody needs to ask what is wrong with them.
  virtual bool takes_every_number() const { return true; }
  /// What is wrong with the features of a sample, for a first layer that does not take every number: "column 3 holds
  /// 70, which is no token 0, 1, ..., 64"; empty if nothing is. Only this function may see such features.
  virtual std::string input_fault(std::span<const Real> /*sample*/) const { return {}; }

  /// Writes this layer's tensors of the initial Θ. Element i of tensor t is a function of (seed, t, i) alone; float and
  /// double start from the same numbers, rounded.
  virtual void initialize(std::span<Real> theta, std::uint64_t seed) const = 0;

  virtual void forward(const Parameters<Real>& parameters, const LayerPass<Real>& pass,
                       linear_algebra::Products<Real>& products) const = 0;

  /// Writes or adds the gradient of this layer's tensors, hands each to the sink, if there is one, and writes d_input
  /// where it has data.
  virtual void backward(const Parameters<Real>& parameters, const LayerPass<Real>& pass,
                        const GradientBuffer<Real>& gradient, linear_algebra::Products<Real>& products) const = 0;

  /// Whether it has the two functions below, which second derivatives along a direction of Θ need. They tell how all
  /// numbers of a pass change where Θ does, by `direction`: the changes, tangents, are in a pass of their own. Its
  /// input has no data where the input does not change, for the first layer; its rounded operands are those of
  /// tangents.
  virtual bool has_tangents() const { return false; }

  /// After forward: writes the tangent of the output, and perhaps of what is kept.
  virtual void forward_tangent(const Parameters<Real>& /*parameters*/, const LayerPass<Real>& /*pass*/,
                               const Parameters<Real>& /*direction*/, const LayerPass<Real>& /*tangent*/,
                               linear_algebra::Products<Real>& /*products*/) const {
    throw std::logic_error("a layer without tangents was asked for them");
  }

  /// After forward_tangent: writes d_input and its tangent, where they have data, from d_output and its tangent. What
  /// it writes or adds for this layer's tensors, and hands to the sink, is the tangent of their gradient alone.
  virtual void backward_tangent(const Parameters<Real>& /*parameters*/, const LayerPass<Real>& /*pass*/,
                                const Parameters<Real>& /*direction*/, const LayerPass<Real>& /*tangent*/,
                                const GradientBuffer<Real>& /*product*/,
                                linear_algebra::Products<Real>& /*products*/) const {
    throw std::logic_error("a layer without tangents was asked for them");
  }
};

/// y = f(x·W + b), W (inputs × outputs), b (outputs). x may be sparse; then its product with W is formed as it is, with
/// operands that nobody rounds, and of the gradient of W only what x touches is added to. Declares its tensors
/// "weights" and, with an intercept, "intercepts" in the layout under the layer's name. Initial weights are uniform, of
/// variance 2/inputs (He, Zhang, Ren and Sun, ICCV 2015) or 2/(inputs + outputs) (Glorot and Bengio, AISTATS 2010) by
/// activation; intercepts are zero.
template <typename Real>
std::unique_ptr<Layer<Real>> make_dense(ParameterLayout& layout, std::string name, std::size_t inputs,
                                        std::size_t outputs, Activation activation, bool intercept);

/// A vector of `width` numbers for each token, a whole number from 0 on. With one vocabulary, all inputs are tokens of
/// a sequence and share the tensor embedding/table, (vocabulary × width). With one for each input, input i has its own,
/// embedding/table_<i>, and where its vocabulary is 0 it is a number that passes as it is. The vectors stand side by
/// side in the order of the inputs. Initial numbers are uniform, of variance 1 as standardised features have. Gradients
/// are added up in the order of the samples, then of the inputs. For the first layer, whose features are dense.
template <typename Real>
std::unique_ptr<Layer<Real>> make_embedding(ParameterLayout& layout, std::size_t inputs,
                                            std::span<const std::uint64_t> vocabulary, std::size_t width);

}  // namespace cauchy::model

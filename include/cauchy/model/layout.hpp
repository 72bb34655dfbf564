#pragma once
/// The flat parameter vector and the named tensors in it.

#include <cstddef>
#include <string>
#include <vector>

namespace cauchy::model {

/// Gains are factors of normalised units.
enum class TensorKind { weights, intercepts, gain };

/// One tensor of Θ. Row-major, at [offset, offset + size) of the flat vector.
struct Tensor {
  std::string layer;               ///< such as "dense_1" or "output"
  std::string name;                ///< such as "weights" or "intercepts"
  std::vector<std::size_t> shape;  ///< natural shape: weights (inputs × outputs), intercepts (outputs)
  TensorKind kind = TensorKind::weights;
  std::size_t offset = 0;  ///< a multiple of 16 elements
  std::size_t size = 0;    ///< product of shape
  std::size_t index = 0;   ///< position in the layout

  std::string path() const { return layer + "/" + name; }
  bool penalized() const { return kind == TensorKind::weights; }
};

/// The tensors of a model in the order of the flat vector. Offsets, and the length of the vector, are padded to 16
/// elements; what lies between tensors is zero and stays zero.
///
///     layout.add("dense_1", "weights", {784, 128}, TensorKind::weights);      // offset 0
///     layout.add("dense_1", "intercepts", {128}, TensorKind::intercepts);     // offset 100352
class ParameterLayout {
 public:
  /// Appends a tensor and gives its index. Throws core::UserError where the model exceeds 2^48 parameters.
  std::size_t add(std::string layer, std::string name, std::vector<std::size_t> shape, TensorKind kind);

  const std::vector<Tensor>& tensors() const { return tensors_; }
  const Tensor& operator[](std::size_t index) const { return tensors_[index]; }

  std::size_t padded_size() const { return padded_size_; }          ///< length of the flat vector
  std::size_t parameter_count() const { return parameter_count_; }  ///< without padding

 private:
  std::vector<Tensor> tensors_;
  std::size_t padded_size_ = 0;
  std::size_t parameter_count_ = 0;
};

}  // namespace cauchy::model

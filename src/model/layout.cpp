// Offsets of named tensors in the flat parameter vector.

#include "cauchy/model/layout.hpp"

#include <utility>

#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/aligned.hpp"

namespace cauchy::model {
namespace {

// Far above any memory, and low enough that sizes in bytes do not wrap.
constexpr std::size_t most_parameters = std::size_t{1} << 48;

std::size_t product(const std::vector<std::size_t>& shape, const std::string& path) {
  std::size_t size = 1;
  for (const std::size_t extent : shape) {
    if (extent != 0 && size > most_parameters / extent) {
      throw core::UserError("the model is too large: " + path +
                            " alone would hold more than 2^48 parameters; choose narrower model.layers");
    }
    size *= extent;
  }
  return size;
}

}  // namespace

std::size_t ParameterLayout::add(std::string layer, std::string name, std::vector<std::size_t> shape, TensorKind kind) {
  Tensor tensor{std::move(layer), std::move(name), std::move(shape), kind, padded_size_, 0, tensors_.size()};
  tensor.size = product(tensor.shape, tensor.path());
  const std::size_t end = padded_size_ + linear_algebra::padded(tensor.size);
  if (end > most_parameters) {
    throw core::UserError("the model is too large: more than 2^48 parameters up to " + tensor.path() +
                          "; choose fewer or narrower model.layers");
  }
  padded_size_ = end;
  parameter_count_ += tensor.size;
  tensors_.push_back(std::move(tensor));
  return tensors_.back().index;
}

}  // namespace cauchy::model

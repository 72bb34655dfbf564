// Matrix products by Eigen, and the choice between it and oneDNN.

#include "cauchy/linear_algebra/product.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cfenv>
#include <span>
#include <stdexcept>
#include <type_traits>

#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/linear_algebra/bf16.hpp"
#include "onednn_product.hpp"

namespace cauchy::linear_algebra {
namespace {

template <typename Real>
auto matrix(MatrixView<Real> view) {
  using Plain = Eigen::Matrix<std::remove_const_t<Real>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Matrix = std::conditional_t<std::is_const_v<Real>, const Plain, Plain>;
  return Eigen::Map<Matrix, Eigen::Aligned64>(view.data, static_cast<Eigen::Index>(view.rows),
                                              static_cast<Eigen::Index>(view.columns));
}

template <typename A, typename B, typename Result>
void eigen_product(const A& a, const B& b, Result&& result, Write write) {
  if (write == Write::overwrite) {
    result.noalias() = a * b;
  } else {
    result.noalias() += a * b;
  }
}

template <typename Real>
void eigen_multiply(MatrixView<const Real> a, Transposed a_transposed, MatrixView<const Real> b,
                    Transposed b_transposed, MatrixView<Real> result, Write write) {
  const bool ta = a_transposed == Transposed::yes;
  const bool tb = b_transposed == Transposed::yes;
  if (ta && tb) {
    eigen_product(matrix(a).transpose(), matrix(b).transpose(), matrix(result), write);
  } else if (ta) {
    eigen_product(matrix(a).transpose(), matrix(b), matrix(result), write);
  } else if (tb) {
    eigen_product(matrix(a), matrix(b).transpose(), matrix(result), write);
  } else {
    eigen_product(matrix(a), matrix(b), matrix(result), write);
  }
}

}  // namespace

template <typename Real>
class Products<Real>::Kernels {
 public:
  explicit Kernels(Operands operands) : operands_(operands) {
    if (operands == Operands::rounded_to_bf16 && !std::is_same_v<Real, float>) {
      throw std::invalid_argument("only operands in float are rounded to bf16");
    }
  }

  void multiply(Factor<Real> a, Transposed a_transposed, Factor<Real> b, Transposed b_transposed,
                MatrixView<Real> result, Write write) {
    if constexpr (std::is_same_v<Real, float>) {
      if (operands_ == Operands::rounded_to_bf16) {
        const MatrixView<const Bf16> short_a = rounded(a, short_a_);
        const MatrixView<const Bf16> short_b = rounded(b, short_b_);
        if (have_bf16_instructions()) {
          onednn_.multiply(short_a, a_transposed, short_b, b_transposed, result, write);
        } else {
          multiply_as_they_are(widened(short_a, long_a_), a_transposed, widened(short_b, long_b_), b_transposed, result,
                               write);
        }
        return;
      }
    }
    multiply_as_they_are(a.matrix, a_transposed, b.matrix, b_transposed, result, write);
  }

 private:
  void multiply_as_they_are(MatrixView<const Real> a, Transposed a_transposed, MatrixView<const Real> b,
                            Transposed b_transposed, MatrixView<Real> result, Write write) {
    if constexpr (have_onednn && std::is_same_v<Real, float>) {
      onednn_.multiply(a, a_transposed, b, b_transposed, result, write);
    } else {
      eigen_multiply(a, a_transposed, b, b_transposed, result, write);
    }
  }

  static MatrixView<const Bf16> rounded(const Factor<float>& factor, AlignedVector<Bf16>& buffer) {
    const MatrixView<const float> matrix = factor.matrix;
    if (factor.rounded != nullptr) {
      return {factor.rounded, matrix.rows, matrix.columns};
    }
    buffer.resize(std::max(buffer.size(), matrix.size()));
    round_to_bf16(matrix.elements(), std::span(buffer).first(matrix.size()));
    return {buffer.data(), matrix.rows, matrix.columns};
  }

  static MatrixView<const float> widened(MatrixView<const Bf16> matrix, AlignedVector<float>& buffer) {
    buffer.resize(std::max(buffer.size(), matrix.size()));
    widen(matrix.elements(), std::span(buffer).first(matrix.size()));
    return {buffer.data(), matrix.rows, matrix.columns};
  }

  Operands operands_;
  [[maybe_unused]] OnednnProducts onednn_;
  AlignedVector<Bf16> short_a_, short_b_;  ///< operands that nobody has rounded before
  AlignedVector<float> long_a_, long_b_;   ///< rounded ones, where nothing multiplies the short numbers
};

template <typename Real>
Products<Real>::Products(Operands operands) : kernels_(std::make_unique<Kernels>(operands)) {}
template <typename Real>
Products<Real>::~Products() = default;
template <typename Real>
Products<Real>::Products(Products&&) noexcept = default;
template <typename Real>
Products<Real>& Products<Real>::operator=(Products&&) noexcept = default;

template <typename Real>
void Products<Real>::multiply(Factor<Real> a, Transposed a_transposed, Factor<Real> b, Transposed b_transposed,
                              MatrixView<Real> result, Write write) {
  kernels_->multiply(a, a_transposed, b, b_transposed, result, write);
}

template <typename Real>
std::string_view product_backend() {
  return have_onednn && std::is_same_v<Real, float> ? "oneDNN" : "Eigen";
}

bool have_bf16_instructions() {
  static const bool result = onednn_has_bf16();
  return result;
}

std::string_view instruction_set() {
  return have_onednn ? onednn_instruction_set() : Eigen::SimdInstructionSetsInUse();
}

std::int64_t offered_instructions() {
  return onednn_offered_instructions();
}

void prepare_products(std::int64_t instructions) {
  // Eigen cuts long sums by the size of the first-level cache that it finds at run time: the same sizes everywhere.
  Eigen::setCpuCacheSizes(32 << 10, 256 << 10, 2 << 20);
  prepare_onednn(instructions);
  prepare_thread();
}

void prepare_thread() noexcept {
  // A library that was built for fast mathematics may have switched small numbers off for all threads.
  std::fesetenv(FE_DFL_ENV);
  prepare_onednn_thread();
}

template class Products<float>;
template class Products<double>;
template std::string_view product_backend<float>();
template std::string_view product_backend<double>();

}  // namespace cauchy::linear_algebra

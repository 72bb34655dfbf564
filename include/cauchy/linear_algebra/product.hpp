#pragma once
/// Matrix products, by oneDNN where it serves and by Eigen elsewhere; the same bits for the same shapes.

#include <cstdint>
#include <memory>
#include <string_view>

#include "cauchy/linear_algebra/bf16.hpp"
#include "cauchy/linear_algebra/matrix_view.hpp"

namespace cauchy::linear_algebra {

enum class Transposed { no, yes };
enum class Write { overwrite, add };

/// What becomes of operands before they are multiplied: nothing, or they are rounded to bf16, of which twice as many
/// fit into a vector instruction where processors have one for them. Sums and results are of full width.
enum class Operands { as_they_are, rounded_to_bf16 };

/// One side of a product. Where operands are rounded, `rounded` may hold the same numbers rounded before, for several
/// products; without it, they are rounded on the way.
template <typename Real>
struct Factor {
  MatrixView<const Real> matrix;
  const Bf16* rounded = nullptr;

  // NOLINTNEXTLINE(google-explicit-constructor): a matrix is a factor
  Factor(MatrixView<const Real> of_matrix, const Bf16* of_rounded = nullptr) : matrix(of_matrix), rounded(of_rounded) {}
  // NOLINTNEXTLINE(google-explicit-constructor): as above
  Factor(MatrixView<Real> of_matrix) : matrix(of_matrix) {}
  Factor(const Real* data, std::size_t rows, std::size_t columns) : matrix{data, rows, columns} {}
};

/// The product engine of one thread: it keeps prepared kernels by shape, so it must not be shared between threads.
/// Instantiated for float and double. All data on 64-byte borders.
template <typename Real>
class Products {
 public:
  /// Rounded operands for float only: else std::invalid_argument.
  explicit Products(Operands operands = Operands::as_they_are);
  ~Products();
  Products(Products&&) noexcept;
  Products& operator=(Products&&) noexcept;
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;

  /// result = op(a)·op(b), or result += op(a)·op(b). Shapes, after op: (m × k)·(k × n) = (m × n); k ≥ 1.
  void multiply(Factor<Real> a, Transposed a_transposed, Factor<Real> b, Transposed b_transposed,
                MatrixView<Real> result, Write write = Write::overwrite);

 private:
  class Kernels;
  std::unique_ptr<Kernels> kernels_;
};

/// Which library multiplies matrices of this type: it decides the last bits of a result.
template <typename Real>
std::string_view product_backend();

/// Whether products of rounded operands use instructions for bf16. Without them, the rounded numbers are multiplied as
/// floats: other last bits, and numbers below the normal range count, which the instructions take for 0. Decides, as
/// instruction_set() does.
bool have_bf16_instructions();

/// The widest vector instructions that products use in this process, such as "avx512_core_bf16". Decides, if
/// prepare_products has not: they cannot be lowered any more.
std::string_view instruction_set();

/// How wide the vector instructions are that this machine, and DNNL_MAX_CPU_ISA in the environment, offer to products:
/// a number that grows with the instruction sets, each of which contains the lower ones. Decides nothing yet.
std::int64_t offered_instructions();

/// Fixes whatever could change the bits of a product behind our back: cache sizes, threads, and the instructions, which
/// ranks on unlike machines lower to what all of them offer. Call once, before the first product; then prepare_thread
/// has been called for this thread. Throws core::UserError under OpenMP settings that make oneDNN's products wrong
/// (OMP_THREAD_LIMIT, OMP_DYNAMIC, OMP_MAX_ACTIVE_LEVELS=0).
void prepare_products(std::int64_t instructions = offered_instructions());

/// What every other thread that multiplies calls first: one thread a product, the default rounding, numbers below the
/// normal range kept.
void prepare_thread() noexcept;

}  // namespace cauchy::linear_algebra

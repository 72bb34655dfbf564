#pragma once
/// Products of float matrices by oneDNN's matmul primitive. Only product.cpp uses this; see product.hpp.

#include <memory>
#include <string_view>

#include "cauchy/linear_algebra/bf16.hpp"
#include "cauchy/linear_algebra/product.hpp"

namespace cauchy::linear_algebra {

#ifdef CAUCHY_HAVE_ONEDNN

inline constexpr bool have_onednn = true;

/// Matmul primitives by shape, with a scratchpad of its own. Not for two threads at once.
class OnednnProducts {
 public:
  OnednnProducts();
  ~OnednnProducts();
  OnednnProducts(const OnednnProducts&) = delete;
  OnednnProducts& operator=(const OnednnProducts&) = delete;

  /// Operand: float, or Bf16 if onednn_has_bf16().
  template <typename Operand>
  void multiply(MatrixView<const Operand> a, Transposed a_transposed, MatrixView<const Operand> b,
                Transposed b_transposed, MatrixView<float> result, Write write);

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// Such as "avx512_core_bf16".
std::string_view onednn_instruction_set();

bool onednn_has_bf16();

/// As offered_instructions().
std::int64_t onednn_offered_instructions();

/// Lowers the instructions. Throws core::UserError under OpenMP settings that make products silently wrong.
void prepare_onednn(std::int64_t instructions);

/// One thread a product.
void prepare_onednn_thread() noexcept;

#else

inline constexpr bool have_onednn = false;
class OnednnProducts {
 public:
  template <typename... Arguments>
  void multiply(Arguments... /*arguments*/) {}
};
inline std::string_view onednn_instruction_set() {
  return {};
}
inline bool onednn_has_bf16() {
  return false;
}
inline std::int64_t onednn_offered_instructions() {
  return 0;
}
inline void prepare_onednn(std::int64_t /*instructions*/) {}
inline void prepare_onednn_thread() noexcept {}

#endif

}  // namespace cauchy::linear_algebra
